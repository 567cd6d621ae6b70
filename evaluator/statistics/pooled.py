"""What pooling over hospitals takes and gives: counts, pooled rates, rows of a forest plot, lower bounds."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.records import Rate

VERSION = "pooling/1"
LINEAR = "Reitsma's bivariate model, REML, 0.5 for empty cells"
NOT_ESTIMABLE = "not estimable"


@dataclass(frozen=True, kw_only=True)
class HospitalCounts:
    """One model's patients at one hospital. No positives (or negatives): it speaks of the other margin only."""

    hospital: str
    positives: int
    detected: int
    negatives: int
    false_positives: int


@dataclass(frozen=True, kw_only=True)
class ForestRow:
    """One hospital's line of a forest plot, each rate with Wilson's interval."""

    hospital: str
    sensitivity: Rate
    specificity: Rate


@dataclass(frozen=True, kw_only=True)
class PooledRate:
    """One rate at a typical (median) hospital, with its interval, and the interval a new hospital falls in.

    All None where it is not estimable (``why`` says why). ``tau2`` is the variance of the logit between hospitals.
    """

    name: str
    value: float | None
    low: float | None
    high: float | None
    prediction: tuple[float, float] | None
    tau2: float | None
    i2: float | None
    together: Rate  # k/n of these hospitals' patients
    hospitals: int  # that have such patients
    method: str
    why: str = ""

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        counted = "no patients" if not self.together.n else f"{self.together.k}/{self.together.n} counted together"
        where = f"{self.hospitals} hospital{'' if self.hospitals == 1 else 's'}"
        if self.value is None or self.low is None or self.high is None:
            return f"{self.name} over {where}: {NOT_ESTIMABLE}: {self.why} ({counted})."
        text = f"{self.name} over {where}: {_percent(self.value)} % ({_percent(self.low)}–{_percent(self.high)})"
        if self.prediction is None:
            return f"{text}, {counted}; for a new hospital {NOT_ESTIMABLE}: {self.why}."
        ahead = f"{_percent(self.prediction[0])}–{_percent(self.prediction[1])} %"
        return (
            f"{text}, {counted}; a new hospital lies in {ahead}; τ² {self.tau2:.3g}, I² {100 * (self.i2 or 0):.0f} %."
        )


@dataclass(frozen=True, kw_only=True)
class SecondOpinion:
    """The same by Reitsma's linear model: a sensitivity analysis, not a result of its own."""

    sensitivity: tuple[float, float, float] | None  # value, low, high
    specificity: tuple[float, float, float] | None
    method: str = LINEAR


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """Both rates over hospitals, with what a forest plot draws. ``hospitals`` counts those with any patient."""

    sensitivity: PooledRate
    specificity: PooledRate
    correlation: float | None  # of the two logits between hospitals; None where one does not vary or stands alone
    hospitals: int
    rows: tuple[ForestRow, ...]
    reitsma: SecondOpinion
    notes: tuple[str, ...] = ()
    version: str = VERSION

    @property
    def sentence(self) -> str:
        return f"{self.sensitivity.sentence} {self.specificity.sentence}"


@dataclass(frozen=True, kw_only=True)
class LowerBounds:
    """One-sided 0.025 lower bounds of both rates at a typical new hospital; None where not estimable."""

    sensitivity: float | None
    specificity: float | None
    hospitals: int
    why: str
    version: str = VERSION

    @property
    def sentence(self) -> str:
        if self.sensitivity is None or self.specificity is None:
            return f"At new hospitals: {NOT_ESTIMABLE}, {self.why}."
        return (
            f"At new hospitals: sensitivity at least {_percent(self.sensitivity)} %, specificity at least "
            f"{_percent(self.specificity)} %, by the bivariate model over {self.hospitals} hospitals."
        )


def _percent(value: float) -> str:
    return f"{100 * value:.1f}"
