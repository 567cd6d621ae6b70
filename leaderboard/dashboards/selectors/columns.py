"""The metric columns of the leaderboard: what each takes from an entry, how it is written, and its axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evaluator.statistics import prevalence as at_prevalence
from leaderboard.dashboards import formatting
from leaderboard.dashboards.axes import Axis, positive_axis, proportion_axis, signed_axis
from leaderboard.dashboards.formatting import RateJson, Shown, Unit

Block = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """What a row of the table has to show: its report block and its place in the ranking."""

    block: Block
    score: RateJson | None = None
    hospitals: int = 0
    worst: RateJson | None = None
    worst_patients: int | None = None
    worst_hospital: str = ""


@dataclass(frozen=True, kw_only=True)
class Band:
    """What radiologists reach, as published."""

    label: str
    low: float
    high: float
    source: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Spec:
    """A column before its axis is known. ``baseline`` names the readers' metric and stratum.

    ``key`` is its place, in addresses too; ``stratum`` the group of patients that it is narrowed to, if to one.
    """

    key: str
    name: str
    unit: Unit
    take: Callable[[Numbers, float], Shown]
    essential: bool = False
    fewer_is_better: bool = False
    baseline: tuple[str, str] | None = None
    stratum: str = ""

    @property
    def measure(self) -> str:
        """What it holds, for files: "sensitivity[gt10_le20]" where it is narrowed."""
        return f"{self.key.removesuffix('_le20')}[{self.stratum}]" if self.stratum else self.key


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column as a page draws it. ``essential``: a narrow screen shows it, too, as the three numbers and what it
    is sorted by are."""

    key: str
    measure: str
    name: str
    unit: Unit
    axis: Axis
    essential: bool
    fewer_is_better: bool
    band: Band | None

    @property
    def turned_key(self) -> str:
        """In an address: worst first."""
        return f"-{self.key}"

    @property
    def short(self) -> str:
        if self.unit is not Unit.PERCENT:
            return self.name
        what, at, prevalence = self.name.partition(" at ")
        return f"{what}, %{',' if at else ''}{at}{prevalence}"

    @property
    def band_words(self) -> str:
        if self.band is None:
            return ""
        return f"; radiologists {formatting.percent(self.band.low)}–{formatting.percent(self.band.high)}"


def both_counts(block: Block) -> str:
    """The patients behind a number that needs both kinds, with cancer and without."""
    positive, negative = block["patients"]["positive"], block["patients"]["negative"]
    return "" if positive is None or negative is None else f"n {positive + negative:,}"


def _counts(rate: RateJson) -> tuple[int, int] | None:
    return None if rate.get("k") is None or rate.get("n") is None else (rate["k"], rate["n"])


def ppv_at(block: Block, prevalence: float) -> RateJson:
    """PPV at any prevalence, from the counts that the report shows; where they are hidden, so is this."""
    found, cleared = _counts(block["sensitivity"]["all"]), _counts(block["specificity"])
    if found is None or cleared is None:
        hidden: RateJson = block["specificity"] if cleared is None else block["sensitivity"]["all"]
        return hidden
    return vars(at_prevalence.ppv(sensitivity=found, specificity=cleared, prevalence=prevalence))


def false_alarms_at(block: Block, prevalence: float) -> RateJson:
    cleared = _counts(block["specificity"])
    if cleared is None:
        hidden: RateJson = block["specificity"]
        return hidden
    return vars(at_prevalence.false_alarms_per_1000(specificity=cleared, prevalence=prevalence))


def _ppv(numbers: Numbers, prevalence: float) -> Shown:
    return formatting.rate(ppv_at(numbers.block, prevalence), counts=both_counts(numbers.block))


def _false_alarms(numbers: Numbers, prevalence: float) -> Shown:
    negative = numbers.block["patients"]["negative"]
    counts = "" if negative is None else f"n {negative:,}"
    return formatting.rate(false_alarms_at(numbers.block, prevalence), unit=Unit.PER_1000, counts=counts)


def _score(numbers: Numbers, prevalence: float) -> Shown:
    counts = f"{numbers.hospitals} hosp." if numbers.hospitals else ""
    return (
        formatting.rate(numbers.score, unit=Unit.PLAIN, counts=counts) if numbers.score else Shown(words="not ranked")
    )


def _worst(numbers: Numbers, prevalence: float) -> Shown:
    if numbers.worst is None:
        return Shown(words="not ranked")
    counts = f"n {numbers.worst_patients:,}" if numbers.worst_patients else ""
    return replace(formatting.rate(numbers.worst, unit=Unit.PLAIN, counts=counts), note=numbers.worst_hospital)


SPECS = (
    Spec(
        key="sensitivity_le20",
        name="Sensitivity ≤\N{NO-BREAK SPACE}2\N{NO-BREAK SPACE}cm",
        unit=Unit.PERCENT,
        take=lambda numbers, _: formatting.rate(numbers.block["sensitivity"]["le20"]),
        essential=True,
        baseline=("sensitivity", "le20"),
    ),
    Spec(
        key="sensitivity",
        name="Sensitivity, all sizes",
        unit=Unit.PERCENT,
        take=lambda numbers, _: formatting.rate(numbers.block["sensitivity"]["all"]),
        baseline=("sensitivity", "all"),
    ),
    Spec(
        key="specificity",
        name="Specificity",
        unit=Unit.PERCENT,
        take=lambda numbers, _: formatting.rate(numbers.block["specificity"]),
        essential=True,
        baseline=("specificity", "all"),
    ),
    Spec(key="ppv", name="PPV", unit=Unit.PERCENT, take=_ppv, essential=True),
    Spec(
        key="false_alarms",
        name="False alarms per 1,000",
        unit=Unit.PER_1000,
        take=_false_alarms,
        fewer_is_better=True,
    ),
    Spec(
        key="auc",
        name="AUC",
        unit=Unit.PLAIN,
        take=lambda numbers, _: formatting.rate(
            numbers.block["auc"], unit=Unit.PLAIN, counts=both_counts(numbers.block)
        ),
    ),
    Spec(
        key="t_sen",
        name="T-Sen",
        unit=Unit.PERCENT,
        take=lambda numbers, _: formatting.rate(numbers.block["t_sen"]["all"]),
    ),
    Spec(
        key="dsc",
        name="DSC",
        unit=Unit.PLAIN,
        take=lambda numbers, _: formatting.rate(numbers.block["dsc"], unit=Unit.PLAIN),
    ),
    Spec(key="score", name="Transfer score", unit=Unit.PLAIN, take=_score),
    Spec(key="worst", name="Worst hospital", unit=Unit.PLAIN, take=_worst),
)


def make_column(spec: Spec, *, shown: Sequence[Shown], band: Band | None, prevalence: float) -> Column:
    """The one axis of a column, wide enough for every interval in it and for the readers' band."""
    ends = [end for cell in shown for end in (cell.low, cell.high, cell.value) if end is not None]
    if band is not None:
        ends += [band.low, band.high]
    if spec.key in {"score", "worst"}:
        axis = signed_axis(ends)
    elif spec.key in {"ppv", "false_alarms"}:
        axis = positive_axis(ends, unit=spec.unit)
    else:
        axis = proportion_axis(ends, unit=spec.unit)
    return Column(
        key=spec.key,
        measure=spec.measure if spec.key not in {"ppv", "false_alarms"} else f"{spec.key}@{prevalence:.10g}",
        name=f"PPV at {formatting.prevalence(prevalence)}" if spec.key == "ppv" else spec.name,
        unit=spec.unit,
        axis=axis,
        essential=spec.essential,
        fewer_is_better=spec.fewer_is_better,
        band=band,
    )
