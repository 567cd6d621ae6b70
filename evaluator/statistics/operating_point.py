"""The operating point: frozen on calibration patients, locked by the submission, or exploratory."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta

from evaluator.errors import UsageError
from evaluator.records import Rate
from evaluator.statistics.intervals import wilson

VERSION = "operating-point/1"
MASK_THRESHOLD = 0.5  # a bare mask's likelihood is 1 or 0
CONFIDENCE = 0.95


class Status(StrEnum):
    """How a threshold came to be. Only the first two may stand in one column of a table."""

    LOCKED = "locked"
    SUBMISSION = "locked by the submission"
    EXPLORATORY = "exploratory"
    TOO_SMALL = "calibration too small"


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """A patient is flagged where the score is above ``threshold``; None where no threshold could be frozen.

    ``k`` is the place of the threshold among the ``negatives`` calibration patients without cancer in ascending order,
    ``failed`` of which count as +∞; ``alpha`` is the share of false alarms it was frozen for.
    """

    threshold: float | None
    status: Status
    method: str
    alpha: float | None = None
    k: int | None = None
    negatives: int | None = None
    failed: int = 0
    confident: bool = False
    version: str = VERSION

    @property
    def locked(self) -> bool:
        """Whether it was fixed before the first test run."""
        return self.status in (Status.LOCKED, Status.SUBMISSION)

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        if self.status is Status.SUBMISSION:
            return f"Flagged above {self.threshold:g}, locked by the submission; nothing was tuned."
        if self.threshold is None and self.status is Status.EXPLORATORY:
            return "No threshold could be tuned: it takes a patient with and one without cancer."
        if self.status is Status.EXPLORATORY:
            cut = "Everyone is flagged" if self.threshold == -math.inf else f"Flagged above {self.threshold:g}"
            return f"{cut}, exploratory: tuned on the test set it is shown on ({self.method})."
        alpha = f"{100 * (self.alpha or 0):g} %"
        if self.status is Status.TOO_SMALL:
            return (
                f"Calibration too small: {self.negatives} patients without cancer cannot promise {alpha} false alarms."
            )
        place = f"the {_ordinal(self.k or 0)} smallest of {self.negatives} calibration patients without cancer"
        promise = f"surely (95 %) at most {alpha}" if self.confident else f"{alpha} on average"
        if self.threshold == math.inf:
            return f"Locked so that nobody is flagged: {place} is a failed scan."
        return f"Flagged above {self.threshold:g}, locked before the test: {place}; false alarms {promise}."


def _ordinal(number: int) -> str:
    """21st, 22nd, 23rd, 24th; 11th, 12th and 13th."""
    return f"{number}{'th' if number % 100 in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise UsageError(
            f"A false-alarm share of {alpha:g} is impossible.",
            why="It is the share of people without cancer who may be flagged: above 0 and below 1.",
            next_step="Give 0.01 for one in a hundred.",
        )


def place_on_average(negatives: int, alpha: float) -> int:
    """⌈(n₀ + 1)(1 − α)⌉: the place whose false alarms are at most α on average, in exact arithmetic.

    Raises
    ------
    UsageError
        ``alpha`` is not strictly between 0 and 1.
    """
    _check_alpha(alpha)
    return math.ceil((negatives + 1) * (1 - Fraction(str(alpha))))


def place_surely(negatives: int, alpha: float) -> int:
    """The smallest k with P(Beta(n₀ − k + 1, k) ≤ α) ≥ 0.95; n₀ + 1 where there is none.

    Raises
    ------
    UsageError
        ``alpha`` is not strictly between 0 and 1.

    References
    ----------
    Wilks SS. Determination of sample sizes for setting tolerance limits. Ann Math Stat 1941;12:91–96.
    """
    _check_alpha(alpha)
    if negatives == 0:
        return 1
    k = np.arange(1, negatives + 1)
    enough = np.flatnonzero(beta.cdf(alpha, negatives - k + 1, k) >= CONFIDENCE)
    return int(k[enough[0]]) if len(enough) else negatives + 1


def freeze_threshold(scores: ArrayLike, *, alpha: float, confident: bool = False) -> OperatingPoint:
    """Freeze the threshold on calibration patients without cancer, who are in no panel.

    Parameters
    ----------
    scores : array_like of float, shape (n₀,)
        Likelihoods of calibration patients without cancer; a failed one is +∞.
    alpha : float
        Share of people without cancer who may be flagged.
    confident : bool
        Whether false alarms shall be at most ``alpha`` with probability 0.95 over calibration sets, rather than
        ``alpha`` on average over them.

    Returns
    -------
    OperatingPoint
        The k-th smallest score, which is +∞ (nobody is flagged) where so many failed; without a threshold,
        "calibration too small", where k is above n₀.

    Raises
    ------
    UsageError
        ``alpha`` is not strictly between 0 and 1.
    ValueError
        A score is not a number, or the scores are no vector.

    References
    ----------
    Vovk V, Gammerman A, Shafer G. Algorithmic Learning in a Random World. Springer 2005 (conformal thresholds).
    Wilks SS. Ann Math Stat 1941;12:91–96 (``confident``).
    """
    values = np.asarray(scores, dtype=float)
    if values.ndim != 1 or np.isnan(values).any():
        raise ValueError("Calibration scores must be one vector of numbers.")
    n = len(values)
    k = (place_surely if confident else place_on_average)(n, alpha)
    small = k > n
    return OperatingPoint(
        threshold=None if small else float(np.sort(values)[k - 1]),
        status=Status.TOO_SMALL if small else Status.LOCKED,
        method="order statistic, 95 % sure" if confident else "order statistic, on average",
        alpha=alpha,
        k=k,
        negatives=n,
        failed=int(np.isposinf(values).sum()),
        confident=confident,
    )


def submission_threshold(threshold: float = MASK_THRESHOLD) -> OperatingPoint:
    """A threshold that the submission brings: 0.5 for bare masks, whose AUC and FROC are not available.

    Raises
    ------
    UsageError
        ``threshold`` is not between 0 and 1.
    """
    if not 0 <= threshold <= 1:
        raise UsageError(f"A threshold of {threshold:g} is impossible.", why="Likelihoods lie between 0 and 1.")
    return OperatingPoint(threshold=threshold, status=Status.SUBMISSION, method="declared before the first test run")


def achieved_specificity(point: OperatingPoint, scores: ArrayLike) -> Rate:
    """Specificity that the point reached on test patients without cancer, with Wilson's interval.

    Parameters
    ----------
    point : OperatingPoint
        Without a threshold the rate has no value and says so.
    scores : array_like of float, shape (negatives,)
        Likelihoods of test patients without cancer; a failed one is +∞ and an error at any threshold.

    Raises
    ------
    ValueError
        A score is not a number.
    """
    values = np.asarray(scores, dtype=float)
    if np.isnan(values).any():
        raise ValueError("A score is not a number.")
    if point.threshold is None:
        return Rate(value=None, low=None, high=None, k=None, n=None, method=f"no threshold: {point.status}")
    cleared = (values <= point.threshold) & ~np.isposinf(values)
    return wilson(int(cleared.sum()), len(values))


def check_one_column(points: Iterable[OperatingPoint]) -> None:
    """Refuse to set locked and exploratory thresholds side by side in one column.

    Raises
    ------
    UsageError
        Some are locked and some are not.
    """
    if len({point.locked for point in points}) > 1:
        raise UsageError(
            "Locked and exploratory operating points do not stand in one column.",
            why="A threshold tuned on the test set flatters its model beside one that was fixed before.",
            next_step="Show the exploratory ones in a column of their own.",
        )
