"""The ROC curve, its area with DeLong's interval, and two models' areas on the same patients."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr
from scipy.stats import rankdata

from evaluator.records import Rate
from evaluator.statistics.intervals import NO_PATIENTS, Z

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class RocCurve:
    """Points from (0, 0) to (1, 1), as tuples of equal length; flagged is a score at or above ``threshold``."""

    fpr: tuple[float, ...]
    tpr: tuple[float, ...]
    threshold: tuple[float | None, ...]  # None at (0, 0), where nobody is flagged


@dataclass(frozen=True, kw_only=True)
class AreaDifference:
    """AUC of the first model minus that of the second, on the same patients."""

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    positives: int
    negatives: int
    method: str = "delong-paired"


@dataclass(frozen=True, kw_only=True)
class _Placements:
    """Of each positive, the share of negatives below it; of each negative, the share of positives above it."""

    positive: Floats
    negative: Floats

    @property
    def area(self) -> float:
        return float(self.positive.mean())


def _split(scores: ArrayLike, truth: ArrayLike) -> tuple[Floats, Floats]:
    values, cancer = np.asarray(scores, dtype=float), np.asarray(truth, dtype=bool)
    if values.shape != cancer.shape or values.ndim != 1:
        raise ValueError("Scores and truth must be two vectors of the same length.")
    if np.isnan(values).any():
        raise ValueError("A score is not a number.")
    return values[cancer], values[~cancer]


def _placements(positive: Floats, negative: Floats) -> _Placements:
    """Placement values from mid-ranks, in O(n log n) (Sun & Xu 2014)."""
    m, n = len(positive), len(negative)
    ranks = rankdata(np.concatenate([positive, negative]))
    return _Placements(
        positive=(ranks[:m] - rankdata(positive)) / n,
        negative=1 - (ranks[m:] - rankdata(negative)) / m,
    )


def _newcombe5(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """Newcombe's method 5: score limits with Hanley and McNeil's variance, sizes balanced."""
    balanced = (positives + negatives) / 2 - 1

    def excess(theta: float, side: float) -> float:
        spread = 1 + balanced * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return area - theta - side * Z * math.sqrt(theta * (1 - theta) * spread / (positives * negatives))

    low = 0.0 if area <= 0 else float(brentq(excess, 0.0, area * (1 - 1e-12), args=(1.0,)))
    high = 1.0 if area >= 1 else float(brentq(excess, area + (1 - area) * 1e-12, 1.0, args=(-1.0,)))
    return low, high


def auc(scores: ArrayLike, truth: ArrayLike) -> Rate:
    """Area under the ROC curve with a 95 % interval.

    Parameters
    ----------
    scores : array_like of float, shape (patients,)
        Likelihoods; ±inf is a score like any other (a failed positive is −inf, a failed negative +inf).
    truth : array_like of bool, shape (patients,)
        Whether the patient has cancer.

    Returns
    -------
    Rate
        DeLong's variance on the logit scale; where that is 0 or undefined (perfect separation, all scores equal, one
        patient of a kind), Newcombe's method 5. ``value`` is None without a positive or without a negative.

    Raises
    ------
    ValueError
        Vectors of different length, or a score that is not a number.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver operating
    characteristic curves. Biometrics 1988;44:837–845.
    Sun X, Xu W. Fast implementation of DeLong's algorithm. IEEE Signal Process Lett 2014;21:1389–1393.
    Newcombe RG. Confidence intervals for an effect size measure based on the Mann–Whitney statistic, part 2.
    Stat Med 2006;25:559–573.
    """
    positive, negative = _split(scores, truth)
    m, n = len(positive), len(negative)
    if m == 0 or n == 0:
        return Rate(value=None, low=None, high=None, k=None, n=None, method=NO_PATIENTS)
    places = _placements(positive, negative)
    area = places.area
    variance = _variance(places.positive) + _variance(places.negative) if min(m, n) > 1 else 0.0
    if variance <= 1e-15 or not 0 < area < 1:
        low, high = _newcombe5(area, m, n)
        return Rate(value=area, low=low, high=high, k=None, n=None, method="newcombe-5")
    half = Z * math.sqrt(variance) / (area * (1 - area))
    low, high = float(expit(logit(area) - half)), float(expit(logit(area) + half))
    return Rate(value=area, low=low, high=high, k=None, n=None, method="delong-logit")


def _variance(placements: Floats) -> float:
    return float(placements.var(ddof=1)) / len(placements)


def compare_auc(first: ArrayLike, second: ArrayLike, truth: ArrayLike) -> AreaDifference:
    """AUC of ``first`` minus AUC of ``second``, both scored on the same patients.

    Parameters
    ----------
    first, second : array_like of float, shape (patients,)
        Likelihoods of the two models, in the same order of patients.
    truth : array_like of bool, shape (patients,)
        Whether the patient has cancer.

    Returns
    -------
    AreaDifference
        DeLong's paired interval (plain scale, as differences may be negative) and two-sided p. With fewer than two
        patients of a kind, or two models that rank every patient alike or differ without variation, low, high and p
        are None and the method says so.

    Raises
    ------
    ValueError
        Vectors of different length, or a score that is not a number.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837–845.
    """
    (pos_a, neg_a), (pos_b, neg_b) = _split(first, truth), _split(second, truth)
    m, n = len(pos_a), len(neg_a)
    if min(m, n) < 2:
        return AreaDifference(
            difference=None,
            low=None,
            high=None,
            p=None,
            positives=m,
            negatives=n,
            method="fewer than two of a kind",
        )
    a, b = _placements(pos_a, neg_a), _placements(pos_b, neg_b)
    difference = a.area - b.area
    se = math.sqrt(_variance(a.positive - b.positive) + _variance(a.negative - b.negative))
    if se <= 1e-15:
        return AreaDifference(
            difference=difference, low=None, high=None, p=None, positives=m, negatives=n, method="no variation"
        )
    p = float(2 * ndtr(-abs(difference) / se))
    return AreaDifference(
        difference=difference, low=difference - Z * se, high=difference + Z * se, p=p, positives=m, negatives=n
    )


def roc_curve(scores: ArrayLike, truth: ArrayLike) -> RocCurve:
    """The empirical ROC curve, a point for each distinct score.

    Parameters
    ----------
    scores : array_like of float, shape (patients,)
        Likelihoods, ±inf allowed.
    truth : array_like of bool, shape (patients,)
        Whether the patient has cancer.

    Returns
    -------
    RocCurve
        Empty without a positive or without a negative.

    Raises
    ------
    ValueError
        Vectors of different length, or a score that is not a number.

    References
    ----------
    Fawcett T. An introduction to ROC analysis. Pattern Recognit Lett 2006;27:861–874.
    """
    positive, negative = _split(scores, truth)
    if len(positive) == 0 or len(negative) == 0:
        return RocCurve(fpr=(), tpr=(), threshold=())
    cuts = np.unique(np.concatenate([positive, negative]))[::-1]
    above_positive = len(positive) - np.searchsorted(np.sort(positive), cuts, side="left")
    above_negative = len(negative) - np.searchsorted(np.sort(negative), cuts, side="left")
    return RocCurve(
        fpr=(0.0, *(above_negative / len(negative)).tolist()),
        tpr=(0.0, *(above_positive / len(positive)).tolist()),
        threshold=(None, *cuts.tolist()),
    )
