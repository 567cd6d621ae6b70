"""The needle in a haystack: what a sensitivity and a specificity mean where cancer is rare."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from evaluator.errors import UsageError
from evaluator.statistics import prevalence as at_prevalence
from evaluator.statistics.intervals import wilson
from evaluator.statistics.prevalence import People, PredictivePoint
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Shown, Unit

EXAMPLE_SENSITIVITY = (95, 100)
EXAMPLE_SPECIFICITY = (990, 1000)
LARGEST_CROWD = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Needle:
    """One model's counts at one prevalence, as numbers and as people."""

    prevalence: float
    sensitivity: Shown
    specificity: Shown
    ppv: Shown
    npv: Shown
    false_alarms: Shown
    flags_per_cancer: Shown
    scans_per_cancer: Shown
    people: People
    curve: tuple[PredictivePoint, ...]

    @property
    def crowd(self) -> dict[str, int] | None:
        """For the picture; None where there are too many people for one."""
        people = self.people
        if people.population > LARGEST_CROWD:
            return None
        return {
            "population": people.population,
            "found": people.true_positives,
            "missed": people.false_negatives,
            "false_alarms": people.false_positives,
        }

    @property
    def cancers(self) -> int:
        return self.people.true_positives + self.people.false_negatives

    @property
    def flagged(self) -> int:
        return self.people.true_positives + self.people.false_positives


@dataclass(frozen=True, kw_only=True)
class Impossible:
    """Counts that cannot be; the sentence says why."""

    reason: str


def needle(*, sensitivity: tuple[int, int], specificity: tuple[int, int], prevalence: float) -> Needle | Impossible:
    """Everything the calculator shows, or why it cannot."""
    counts = {"sensitivity": sensitivity, "specificity": specificity}
    try:
        people = at_prevalence.natural_frequencies(**counts, prevalence=prevalence)
        ppv = at_prevalence.ppv(**counts, prevalence=prevalence)
        return Needle(
            prevalence=prevalence,
            sensitivity=formatting.rate(asdict(wilson(*sensitivity))),
            specificity=formatting.rate(asdict(wilson(*specificity))),
            ppv=formatting.rate(asdict(ppv)),
            npv=formatting.rate(asdict(at_prevalence.npv(**counts, prevalence=prevalence))),
            false_alarms=formatting.rate(
                asdict(at_prevalence.false_alarms_per_1000(specificity=specificity, prevalence=prevalence)),
                unit=Unit.PER_1000,
            ),
            flags_per_cancer=formatting.rate(asdict(at_prevalence.flags_per_true_positive(ppv)), unit=Unit.PER_1000),
            scans_per_cancer=formatting.rate(
                asdict(at_prevalence.scans_per_cancer(sensitivity=sensitivity, prevalence=prevalence)),
                unit=Unit.PER_1000,
            ),
            people=people,
            curve=at_prevalence.ppv_curve(**counts, prevalences=[10 ** (-4 + 3.3 * step / 40) for step in range(41)]),
        )
    except UsageError as error:
        return Impossible(reason=str(error))
