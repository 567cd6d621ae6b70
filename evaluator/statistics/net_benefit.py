"""Net benefit: what a model is worth to people who would act at a given risk, beside calling back all or none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from evaluator.errors import UsageError
from evaluator.statistics.calibration import shift
from evaluator.statistics.intervals import NO_PATIENTS, wilson_limits
from evaluator.statistics.prevalence import check_prevalence

METHOD = "net-benefit/1: vickers-elkin at a given prevalence, wilson joined by mover"


@dataclass(frozen=True, kw_only=True)
class NetBenefitPoint:
    """At one threshold, true positives a person, less false positives at the odds of the threshold."""

    threshold: float
    value: float
    low: float
    high: float
    treat_all: float


@dataclass(frozen=True, kw_only=True)
class NetBenefit:
    """Net benefit against threshold; calling back nobody is worth 0 at each."""

    points: tuple[NetBenefitPoint, ...]
    prevalence: float
    positives: int
    negatives: int
    declared: float | None
    treat_none: float = 0.0
    method: str = METHOD

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        at = f"at a prevalence of {100 * self.prevalence:g} %"
        counts = f"{self.positives} with and {self.negatives} without cancer"
        if not self.points:
            return f"No net benefit {at}: {self.method} ({counts})."
        worth = [point.threshold for point in self.points if point.low > max(point.treat_all, self.treat_none)]
        if not worth:
            return f"At no threshold surely worth more than calling back all or nobody, {at} ({counts})."
        return (
            f"Surely worth more than calling back all or nobody at {len(worth)} of {len(self.points)} thresholds, "
            f"from {min(worth):g} to {max(worth):g}, {at} ({counts})."
        )


def net_benefit(
    likelihood: ArrayLike,
    truth: ArrayLike,
    *,
    prevalence: float,
    thresholds: Sequence[float],
    declared: float | None = None,
) -> NetBenefit:
    """Se·p − (1 − Sp)(1 − p)·t/(1 − t), with treat-all and treat-none.

    Parameters
    ----------
    likelihood : array_like of float, shape (patients,)
        From 0 to 1; ±inf for a failed case, which is an error at every threshold.
    truth : array_like of bool, shape (patients,)
        Whether the patient has cancer.
    prevalence : float
        p, where the model would be used.
    thresholds : sequence of float
        t, probabilities of cancer at which one would act, from 0 up to (not including) 1. Flagged is above t.
    declared : float, optional
        The prevalence that the likelihoods are made for; they are shifted from it to ``prevalence``. None: they are
        taken as they stand.

    Returns
    -------
    NetBenefit
        Limits by MOVER from Wilson's of sensitivity and specificity, p taken as known. Without a patient of a kind,
        no points and "no patients".

    Raises
    ------
    UsageError
        An impossible prevalence or threshold.
    ValueError
        Vectors of different length, or a likelihood outside 0 to 1.

    References
    ----------
    Vickers AJ, Elkin EB. Decision curve analysis: a novel method for evaluating prediction models.
    Med Decis Making 2006;26:565–574.
    Zou GY, Donner A. Stat Med 2008;27:1693–1702 (MOVER).
    """
    check_prevalence(prevalence)
    if declared is not None:
        check_prevalence(declared)
    if not all(0 <= t < 1 for t in thresholds):
        raise UsageError("A threshold of net benefit lies from 0 up to, and not at, 1.", why="Its odds are t/(1 − t).")
    said, cancer = np.asarray(likelihood, dtype=float), np.asarray(truth, dtype=bool)
    if said.shape != cancer.shape or said.ndim != 1:
        raise ValueError("Likelihoods and truth must be two vectors of the same length.")
    answered = np.isfinite(said)
    if np.isnan(said).any() or not ((said[answered] >= 0) & (said[answered] <= 1)).all():
        raise ValueError("A likelihood is not between 0 and 1.")
    if declared is not None:
        said = said.copy()
        said[answered] = shift(said[answered], declared=declared, prevalence=prevalence)
    positive, negative = np.sort(said[cancer]), np.sort(said[~cancer])
    m, n = len(positive), len(negative)
    if m == 0 or n == 0:
        return NetBenefit(
            points=(), prevalence=prevalence, positives=m, negatives=n, declared=declared, method=NO_PATIENTS
        )
    found = m - np.searchsorted(positive, thresholds, side="right")
    alarms = n - np.searchsorted(negative, thresholds, side="right")
    points = tuple(
        _point(float(t), (int(k), m), (int(x), n), prevalence)
        for t, k, x in zip(thresholds, found, alarms, strict=True)
    )
    return NetBenefit(points=points, prevalence=prevalence, positives=m, negatives=n, declared=declared)


def _point(t: float, found: tuple[int, int], alarms: tuple[int, int], prevalence: float) -> NetBenefitPoint:
    gain, cost = prevalence, (1 - prevalence) * t / (1 - t)
    (k, m), (x, n) = found, alarms
    se, fpr = k / m, x / n
    (se_low, se_high), (fpr_low, fpr_high) = wilson_limits(k, m), wilson_limits(x, n)
    value = gain * se - cost * fpr
    return NetBenefitPoint(
        threshold=t,
        value=value,
        low=value - math.hypot(gain * (se - se_low), cost * (fpr_high - fpr)),
        high=value + math.hypot(gain * (se_high - se), cost * (fpr - fpr_low)),
        treat_all=gain - cost,
    )
