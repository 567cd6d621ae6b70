"""Sensitivity and specificity together against published ranges of radiologists, and finalists beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from evaluator.errors import UsageError
from evaluator.statistics.compare import holm
from evaluator.statistics.goals import ALPHA, GoalVerdict, Verdict, judge_goal
from evaluator.statistics.pooled import HospitalCounts
from evaluator.statistics.pooling import lower_bounds

VERSION = "versus-readers/1"
FEWEST_HOSPITALS = 5  # below, a new hospital cannot be spoken of

Hospitals = Mapping[str, tuple[int, int]]


class NewHospitals(StrEnum):
    EXCEEDS = "exceeds"
    DOES_NOT = "does not"
    NOT_ESTIMABLE = "not estimable"


@dataclass(frozen=True, kw_only=True)
class NewHospitalBounds:
    """Lower bounds, one-sided 0.025, of both rates at a new hospital, from a bivariate model of this many hospitals."""

    hospitals: int
    sensitivity_low: float
    specificity_low: float


@dataclass(frozen=True, kw_only=True)
class ReadersVerdict:
    """Both goals (intersection–union): each alone at one-sided 0.025, ``p`` the larger of the two exact p."""

    sensitivity: GoalVerdict
    specificity: GoalVerdict
    verdict: Verdict
    p: float | None
    new_hospitals: NewHospitals
    method: str = "clopper-pearson, intersection–union at 0.025"
    version: str = VERSION

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        se, sp = self.sensitivity, self.specificity
        counts = f"sensitivity {se.rate.k}/{se.rate.n}, specificity {sp.rate.k}/{sp.rate.n}"
        if self.verdict is Verdict.EXCEEDS and self.new_hospitals is NewHospitals.EXCEEDS:
            return f"Exceeds published range at these hospitals and at new hospitals: {counts}."
        if self.verdict is Verdict.EXCEEDS:
            return f"Exceeds published range at these hospitals: {counts}; nothing is said of other hospitals."
        both = (("Sensitivity", se), ("Specificity", sp))
        return " ".join(f"{name}: {one.sentence}" for name, one in both if one.verdict is self.verdict)


@dataclass(frozen=True, kw_only=True)
class Finalist:
    """One team's finalist; ``p_adjusted`` by Holm over all finalists that were named before unsealing."""

    alone: ReadersVerdict
    p_adjusted: float
    verdict: Verdict

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        if self.verdict is self.alone.verdict:
            return self.alone.sentence
        return (
            f"Does not exceed published range among the finalists: alone it would, but with p {self.p_adjusted:.3g} "
            f"after Holm, above {ALPHA:g}, it may be the luckiest of them."
        )


def together(sensitivity: Verdict, specificity: Verdict) -> Verdict:
    """Both must exceed; one that does not decides, whether or not the other had enough patients."""
    verdicts = {sensitivity, specificity}
    if verdicts == {Verdict.EXCEEDS}:
        return Verdict.EXCEEDS
    return Verdict.DOES_NOT if Verdict.DOES_NOT in verdicts else Verdict.TOO_FEW


def new_hospital_bounds(sensitivity: Hospitals, specificity: Hospitals) -> NewHospitalBounds | None:
    """What the bivariate model says of a hospital that is not among these; None where it says nothing.

    Parameters
    ----------
    sensitivity, specificity : mapping of str to (int, int)
        As for `judge_against_readers`; a hospital that has one kind of patients only speaks of that rate only.

    References
    ----------
    `evaluator.statistics.pooling.lower_bounds`.
    """
    counts = []
    for name in dict.fromkeys((*sensitivity, *specificity)):
        (found, cancers), (cleared, others) = sensitivity.get(name, (0, 0)), specificity.get(name, (0, 0))
        counts.append(
            HospitalCounts(
                hospital=name,
                positives=cancers,
                detected=found,
                negatives=others,
                false_positives=others - cleared,
            )
        )
    bounds = lower_bounds(counts)
    if bounds.sensitivity is None or bounds.specificity is None:
        return None
    return NewHospitalBounds(
        hospitals=bounds.hospitals, sensitivity_low=bounds.sensitivity, specificity_low=bounds.specificity
    )


def judge_against_readers(
    *,
    sensitivity: Hospitals,
    specificity: Hospitals,
    sensitivity_goal: float,
    specificity_goal: float,
    new_hospitals: NewHospitalBounds | None = None,
) -> ReadersVerdict:
    """Whether a model exceeds the upper ends of the published ranges of sensitivity and of specificity.

    Parameters
    ----------
    sensitivity, specificity : mapping of str to (int, int)
        Of each panel hospital, index scans answered correctly, of all with (without) cancer, at one frozen operating
        point; failed cases are errors.
    sensitivity_goal, specificity_goal : float
        The upper ends, for example 0.92 and 0.96.
    new_hospitals : NewHospitalBounds, optional
        What a bivariate model says of a hospital that is not among these.

    Returns
    -------
    ReadersVerdict
        "at new hospitals" takes the verdict here, at least 5 hospitals and both lower bounds above the goals; fewer
        hospitals, or no bounds, are "not estimable".

    Raises
    ------
    UsageError
        Impossible counts or goals.

    References
    ----------
    Berger RL. Multiparameter hypothesis testing and acceptance sampling. Technometrics 1982;24:295–300.
    """
    se = judge_goal(sensitivity, goal=sensitivity_goal)
    sp = judge_goal(specificity, goal=specificity_goal)
    verdict = together(se.verdict, sp.verdict)
    if new_hospitals is None or new_hospitals.hospitals < FEWEST_HOSPITALS:
        elsewhere = NewHospitals.NOT_ESTIMABLE
    else:
        above = new_hospitals.sensitivity_low > sensitivity_goal and new_hospitals.specificity_low > specificity_goal
        elsewhere = NewHospitals.EXCEEDS if above and verdict is Verdict.EXCEEDS else NewHospitals.DOES_NOT
    return ReadersVerdict(
        sensitivity=se,
        specificity=sp,
        verdict=verdict,
        p=None if se.p is None or sp.p is None else max(se.p, sp.p),
        new_hospitals=elsewhere,
    )


def judge_finalists(finalists: Mapping[str, ReadersVerdict]) -> dict[str, Finalist]:
    """Judge finalists together, so that the best of many is not taken for better than readers.

    Parameters
    ----------
    finalists : mapping of str to ReadersVerdict
        One per team, named before unsealing: also those who are too few or failed count in the family.

    Returns
    -------
    dict of str to Finalist
        "exceeds" takes the verdict alone and an adjusted p of at most 0.025.

    Raises
    ------
    UsageError
        They were judged by different goals.

    References
    ----------
    Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65–70.
    """
    if len({(one.sensitivity.goal, one.specificity.goal) for one in finalists.values()}) > 1:
        raise UsageError(
            "The finalists were judged by different goals.",
            why="Their p-values would answer different questions.",
            next_step="Judge all of them by the goals of one benchmark.",
        )
    adjusted = holm([1.0 if one.p is None else one.p for one in finalists.values()])
    found = {}
    for (name, one), p in zip(finalists.items(), adjusted, strict=True):
        lucky = one.verdict is Verdict.EXCEEDS and p > ALPHA
        found[name] = Finalist(alone=one, p_adjusted=float(p), verdict=Verdict.DOES_NOT if lucky else one.verdict)
    return found
