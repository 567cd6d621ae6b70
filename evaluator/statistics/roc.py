"""The ROC curve, its area with DeLong's interval, and two models' areas on the same patients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtr

from evaluator.records import Rate
from evaluator.statistics.intervals import NO_PATIENTS, Z, p_text
from evaluator.statistics.placements import clusters, place, split, variance

NOTHING = 1e-15  # a variance this small is rounding
TOO_FEW = "fewer than two of a kind"


@dataclass(frozen=True, kw_only=True)
class RocCurve:
    """Points from (0, 0) to (1, 1), as tuples of equal length; flagged is a score at or above ``threshold``."""

    fpr: tuple[float, ...]
    tpr: tuple[float, ...]
    threshold: tuple[float | None, ...]  # None at (0, 0), where nobody is flagged


@dataclass(frozen=True, kw_only=True)
class Area(Rate):
    """An area under a curve (no ``k`` of ``n``) over this many units of each truth, of this many patients."""

    positives: int | None
    negatives: int | None
    patients: int | None

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        if self.positives is None:
            return f"AUC {self.method}."
        counts = f"{self.positives} with and {self.negatives} without cancer, {self.patients} patients"
        if self.value is None or self.low is None or self.high is None:
            return f"No AUC: {counts}; it takes at least one of each."
        return f"AUC {self.value:.3f} (95 % interval {self.low:.3f} to {self.high:.3f}; {self.method}; {counts})."


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

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        counts = f"{self.positives} with and {self.negatives} without cancer"
        if self.difference is None:
            return f"No difference of AUC: {self.method} ({counts})."
        if self.low is None or self.high is None:
            return f"AUC differs by {self.difference:+.3f}: {self.method} ({counts})."
        limits = f"95 % interval {self.low:+.3f} to {self.high:+.3f}, p {p_text(self.p)}"
        return f"AUC differs by {self.difference:+.3f} ({limits}; {self.method}; {counts})."


def _newcombe5(area: float, positives: int, negatives: int) -> tuple[float, float]:
    """Newcombe's method 5: score limits with Hanley and McNeil's variance, sizes balanced."""
    balanced = (positives + negatives) / 2 - 1

    def excess(theta: float, side: float) -> float:
        spread = 1 + balanced * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return area - theta - side * Z * math.sqrt(theta * (1 - theta) * spread / (positives * negatives))

    low = 0.0 if area <= 0 else float(brentq(excess, 0.0, area * (1 - 1e-12), args=(1.0,)))
    high = 1.0 if area >= 1 else float(brentq(excess, area + (1 - area) * 1e-12, 1.0, args=(-1.0,)))
    return low, high


def auc(scores: ArrayLike, truth: ArrayLike, *, patients: ArrayLike | None = None) -> Area:
    """Area under the ROC curve with a 95 % interval.

    Parameters
    ----------
    scores : array_like of float, shape (units,)
        Likelihoods; ±inf is a score like any other (a failed positive is −inf, a failed negative +inf).
    truth : array_like of bool, shape (units,)
        Whether the unit (a patient; with ``patients`` a scan or a lesion) has cancer.
    patients : array_like, shape (units,), optional
        Whose unit it is, where patients have several; a patient may have units of both truths.

    Returns
    -------
    Area
        DeLong's variance, or with ``patients`` Obuchowski's, on the logit scale; where that is 0 or undefined (perfect
        separation, all scores equal, one patient of a kind), Newcombe's method 5, which counts patients. ``value`` is
        None without a positive or without a negative.

    Raises
    ------
    ValueError
        Vectors of different length, or a score that is not a number.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated receiver operating
    characteristic curves. Biometrics 1988;44:837–845.
    Sun X, Xu W. Fast implementation of DeLong's algorithm. IEEE Signal Process Lett 2014;21:1389–1393.
    Obuchowski NA. Nonparametric analysis of clustered ROC curve data. Biometrics 1997;53:567–578.
    Newcombe RG. Confidence intervals for an effect size measure based on the Mann–Whitney statistic, part 2.
    Stat Med 2006;25:559–573.
    """
    positive, negative = split(scores, truth)
    of = None if patients is None else clusters(patients, truth)
    m, n = len(positive), len(negative)
    known = partial(Area, k=None, n=None, positives=m, negatives=n, patients=m + n if of is None else of.patients)
    if m == 0 or n == 0:
        return known(value=None, low=None, high=None, method=NO_PATIENTS)
    places = place(positive, negative)
    area, spread = places.area, variance(places, of)
    if spread <= NOTHING or not 0 < area < 1:
        low, high = _newcombe5(area, *((m, n) if of is None else (of.positives, of.negatives)))
        return known(value=area, low=low, high=high, method="newcombe-5")
    half = Z * math.sqrt(spread) / (area * (1 - area))
    low, high = float(expit(logit(area) - half)), float(expit(logit(area) + half))
    return known(value=area, low=low, high=high, method="delong-logit" if of is None else "obuchowski-logit")


def compare_auc(
    first: ArrayLike, second: ArrayLike, truth: ArrayLike, *, patients: ArrayLike | None = None
) -> AreaDifference:
    """AUC of ``first`` minus AUC of ``second``, both scored on the same units.

    Parameters
    ----------
    first, second : array_like of float, shape (units,)
        Likelihoods of the two models, in the same order.
    truth : array_like of bool, shape (units,)
        Whether the unit (a patient; with ``patients`` a scan or a lesion) has cancer.
    patients : array_like, shape (units,), optional
        Whose unit it is, where patients have several.

    Returns
    -------
    AreaDifference
        DeLong's (with ``patients`` Obuchowski's) paired interval, on the plain scale as differences may be negative,
        and the two-sided p. With fewer than two patients of a kind, or two models that rank every patient alike or
        differ without variation, low, high and p are None and the method says so.

    Raises
    ------
    ValueError
        Vectors of different length, or a score that is not a number.

    References
    ----------
    DeLong ER, DeLong DM, Clarke-Pearson DL. Biometrics 1988;44:837–845.
    Obuchowski NA. Biometrics 1997;53:567–578.
    """
    one, two = split(first, truth), split(second, truth)
    of = None if patients is None else clusters(patients, truth)
    m, n = len(one[0]), len(one[1])
    known = partial(AreaDifference, positives=m, negatives=n)
    if min((m, n) if of is None else (of.positives, of.negatives)) < 2:
        return known(difference=None, low=None, high=None, p=None, method=TOO_FEW)
    apart = place(*one).minus(place(*two))
    spread = variance(apart, of)
    if spread <= NOTHING:
        return known(difference=apart.area, low=None, high=None, p=None, method="no variation")
    difference, half = apart.area, Z * math.sqrt(spread)
    return known(
        difference=difference,
        low=max(-1.0, difference - half),
        high=min(1.0, difference + half),
        p=float(2 * ndtr(-abs(difference) / math.sqrt(spread))),
        method="delong-paired" if of is None else "obuchowski-paired",
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
    positive, negative = split(scores, truth)
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
