"""A first test before the model: what both find together, and how many people each of them calls."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.errors import UsageError
from evaluator.statistics.two_stage import Programme, Stage, likelihood_ratio_needed, screen_in_two_stages
from leaderboard.dashboards import formatting
from leaderboard.dashboards.selectors.needle import Impossible

# Worked in the specification of the statistics: at this prevalence it leaves 2.325 % of those it calls with cancer.
EXAMPLE, EXAMPLE_PREVALENCE = Stage(sensitivity=0.542, specificity=0.770), 0.01
GENERAL, HIGH_RISK = 0.0001, 0.04


@dataclass(frozen=True, kw_only=True)
class Step:
    """How many people are left after a stage."""

    label: str
    with_cancer: int
    without: int

    @property
    def total(self) -> int:
        return self.with_cancer + self.without


@dataclass(frozen=True, kw_only=True)
class TwoStages:
    """Percentages as a page writes them; ``steps`` are the same in people."""

    programme: Programme
    sensitivity: str
    enriched: str
    ppv: str
    npv: str
    false_alarms: str
    ratio: str
    ratio_needed: str
    steps: list[Step]


def first_stage(sensitivity: float, specificity: float) -> Stage:
    """From per cent."""
    return Stage(sensitivity=sensitivity / 100, specificity=specificity / 100)


def two_stages(
    *, first: Stage, sensitivity: tuple[int, int], specificity: tuple[int, int], prevalence: float, population: int
) -> TwoStages | Impossible:
    """Both stages, the second the model with these counts; or why it cannot be."""
    model = Stage(sensitivity=sensitivity[0] / sensitivity[1], specificity=specificity[0] / specificity[1])
    try:
        programme = screen_in_two_stages(prevalence=prevalence, stage1=first, stage2=model)
    except UsageError as error:
        return Impossible(reason=str(error))
    return TwoStages(
        programme=programme,
        sensitivity=formatting.percent(programme.sensitivity),
        enriched=_percent(programme.enriched_prevalence, "nobody passes the first test"),
        ppv=_percent(programme.ppv, "nobody is flagged"),
        npv=_percent(programme.npv, "everybody is flagged"),
        false_alarms=formatting.per_1000(programme.false_alarms_per_1000),
        ratio=ratio_of(first),
        ratio_needed=f"{likelihood_ratio_needed(prevalence=GENERAL, enriched=HIGH_RISK):.0f}",
        steps=steps(first, model, prevalence=prevalence, population=population),
    )


def ratio_of(first: Stage) -> str:
    """Sensitivity over the share of false alarms, in words where that is no number."""
    ratio = first.likelihood_ratio
    if ratio is None:
        return "endless" if first.sensitivity else "none, for it calls nobody"
    return f"{ratio:.3g}"


def _percent(value: float | None, otherwise: str) -> str:
    return otherwise if value is None else f"{formatting.percent(value)} %"


def steps(first: Stage, model: Stage, *, prevalence: float, population: int) -> list[Step]:
    cancers = round(population * prevalence)
    others = population - cancers
    called = (cancers * first.sensitivity, others * (1 - first.specificity))
    flagged = (called[0] * model.sensitivity, called[1] * (1 - model.specificity))
    return [
        Step(label="screened", with_cancer=cancers, without=others),
        Step(label="called by the first test, and scanned", with_cancer=round(called[0]), without=round(called[1])),
        Step(label="flagged by the model", with_cancer=round(flagged[0]), without=round(flagged[1])),
    ]
