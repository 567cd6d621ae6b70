"""The strata that were declared beforehand: size by longest axial diameter, and months before diagnosis."""

from __future__ import annotations

from dataclasses import dataclass

# A header's float32 must not push a 20 mm lesion over the 20 mm edge.
SLACK = 1e-6


@dataclass(frozen=True, kw_only=True)
class SizeStratum:
    """Diameters above ``above`` and up to ``up_to`` millimetres; None is no edge. "All" takes an unknown size too."""

    name: str
    above: float | None
    up_to: float | None

    def has(self, diameter_mm: float | None) -> bool:
        """Whether a lesion (or a patient's largest) of this diameter in mm belongs here; unknown only in "all"."""
        if self.above is None and self.up_to is None:
            return True
        if diameter_mm is None:
            return False
        over = self.above is None or diameter_mm > self.above * (1 + SLACK)
        return over and (self.up_to is None or diameter_mm <= self.up_to * (1 + SLACK))


@dataclass(frozen=True, kw_only=True)
class LeadTimeBin:
    """Months before diagnosis, from ``start`` on and before ``stop`` (the last bin includes its stop)."""

    name: str
    start: float
    stop: float
    closed: bool = False

    def has(self, months: float | None) -> bool:
        if months is None:
            return False
        return self.start <= months < self.stop or (self.closed and months == self.stop)


SIZE_STRATA = (
    SizeStratum(name="all", above=None, up_to=None),
    SizeStratum(name="le10", above=None, up_to=10.0),
    SizeStratum(name="gt10_le20", above=10.0, up_to=20.0),
    SizeStratum(name="gt20_le40", above=20.0, up_to=40.0),
    SizeStratum(name="gt40", above=40.0, up_to=None),
    SizeStratum(name="le20", above=None, up_to=20.0),
)

UNKNOWN = "\0"  # on no page, and yet a part of the whole: no stratum, location or group can be called that

# Which strata make up which: what subtraction could reveal.
SIZE_SUMS = (
    ("all", "le10", "gt10_le20", "gt20_le40", "gt40", UNKNOWN),
    ("all", "le20", "gt20_le40", "gt40", UNKNOWN),
    ("le20", "le10", "gt10_le20"),
)

LEAD_TIME_BINS = (
    LeadTimeBin(name="3_6", start=3, stop=6),
    LeadTimeBin(name="6_12", start=6, stop=12),
    LeadTimeBin(name="12_24", start=12, stop=24),
    LeadTimeBin(name="24_36", start=24, stop=36, closed=True),
)
