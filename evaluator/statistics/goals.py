"""Whether a model exceeds a published range: the verdict an award's criterion gets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from scipy.stats import binomtest

from evaluator.errors import UsageError
from evaluator.records import Rate
from evaluator.statistics.intervals import clopper_pearson

ALPHA = 0.025  # one-sided, for each of the two criteria (intersection–union)


class Verdict(StrEnum):
    EXCEEDS = "exceeds"
    DOES_NOT = "does not"
    TOO_FEW = "too few"


@dataclass(frozen=True, kw_only=True)
class GoalVerdict:
    """One criterion: the pooled rate with its exact interval, and which hospitals contradict it."""

    verdict: Verdict
    goal: float
    rate: Rate
    p: float | None  # exact, one-sided, of the pooled count at the goal
    needed: int  # patients below which even zero errors could not pass
    hospitals_below: tuple[str, ...]

    @property
    def is_surely_below(self) -> bool:
        """The whole interval is below the goal."""
        return self.rate.high is not None and self.rate.high < self.goal

    @property
    def why_not(self) -> str:
        """How sure "does not" is, in two or three words; "" for every other verdict."""
        if self.verdict is not Verdict.DOES_NOT:
            return ""
        if self.is_surely_below:
            return "surely below"
        return "surely below somewhere" if self.hospitals_below else "not proven"

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        goal = f"{100 * self.goal:g} %"
        counts = f"{self.rate.k}/{self.rate.n}"
        if self.verdict is Verdict.TOO_FEW:
            return f"Too few patients: {counts}; even without an error {self.needed} are needed to exceed {goal}."
        if self.verdict is Verdict.EXCEEDS:
            return f"Exceeds the published range at these hospitals: {counts}, surely above {goal}."
        if self.is_surely_below:
            return f"Does not exceed {goal}: {counts}, surely below it."
        if self.hospitals_below:
            return f"Does not exceed {goal}: {counts}, and surely below it at {', '.join(self.hospitals_below)}."
        return f"Does not exceed {goal}: {counts} leaves room for less."


def patients_needed(goal: float) -> int:
    """The fewest patients with whom zero errors would put the lower bound above ``goal``: 45 for 0.92, 91 for 0.96.

    Raises
    ------
    UsageError
        ``goal`` is not strictly between 0 and 1.
    """
    if not 0 < goal < 1:
        raise UsageError(f"A goal of {goal:g} is impossible.", why="It is a rate above 0 and below 1.")
    guess = max(1, math.floor(math.log(ALPHA) / math.log(goal)) - 1)
    while ALPHA ** (1 / guess) <= goal:
        guess += 1
    return guess


def judge_goal(hospitals: Mapping[str, tuple[int, int]], *, goal: float) -> GoalVerdict:
    """Judge sensitivity (or specificity) against the upper end of a published range.

    Parameters
    ----------
    hospitals : mapping of str to (int, int)
        Of each hospital, patients answered correctly, of all; failed cases are errors.
    goal : float
        The rate to exceed, for example 0.92.

    Returns
    -------
    GoalVerdict
        "exceeds" if the pooled Clopper–Pearson lower bound (one-sided 0.025) is above the goal and no hospital's
        upper bound is below it; "too few" if even zero errors could not have passed, unless the pooled upper bound is
        below the goal: then more patients are not what is missing.

    Raises
    ------
    UsageError
        Impossible counts or goal.

    References
    ----------
    Clopper CJ, Pearson ES. Biometrika 1934;26:404–413.
    Berger RL. Multiparameter hypothesis testing and acceptance sampling. Technometrics 1982;24:295–300.
    """
    needed = patients_needed(goal)
    exact = {hospital: clopper_pearson(k, n, level=1 - 2 * ALPHA) for hospital, (k, n) in hospitals.items()}
    rate = clopper_pearson(
        sum(k for k, _ in hospitals.values()), sum(n for _, n in hospitals.values()), level=1 - 2 * ALPHA
    )
    below = tuple(hospital for hospital, one in exact.items() if one.high is not None and one.high < goal)
    count, patients = rate.k or 0, rate.n or 0
    surely_below = rate.high is not None and rate.high < goal
    if patients < needed and not surely_below:
        verdict = Verdict.TOO_FEW
    elif rate.low is not None and rate.low > goal and not below:
        verdict = Verdict.EXCEEDS
    else:
        verdict = Verdict.DOES_NOT
    p = float(binomtest(count, patients, goal, alternative="greater").pvalue) if patients else None
    return GoalVerdict(verdict=verdict, goal=goal, rate=rate, p=p, needed=needed, hospitals_below=below)
