"""Whether a likelihood of 10 % means one cancer in ten: Brier score, slope, intercept and calibration error."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from scipy.stats import rankdata

from evaluator.errors import UsageError
from evaluator.records import Rate
from evaluator.statistics.intervals import NO_PATIENTS, Z
from evaluator.statistics.prevalence import check_prevalence

Floats = NDArray[np.float64]
METHOD = "calibration/1"
CLIP = 1e-6
BINS = 10
UNDECLARED = "not available: the submission declares no prevalence"


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """Patients of like probability: what was said on average, and the share with cancer (``k`` of ``n``)."""

    predicted: float
    observed: float
    k: int
    n: int


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Probabilities are of this sample: the declared prevalence is exchanged for the sample's own.

    ``intercept`` is calibration in the large: how far, on the logit scale, cancers are more frequent than was said.
    """

    slope: Rate
    intercept: Rate
    brier: Rate
    ece: Rate
    bins: tuple[CalibrationBin, ...]
    positives: int
    negatives: int
    failed: int
    declared: float | None
    method: str = METHOD

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        counts = f"{self.positives} with and {self.negatives} without cancer, {self.failed} failed"
        if self.slope.value is None or self.slope.low is None or self.slope.high is None:
            return f"No calibration slope: {self.slope.method} ({counts})."
        limits = f"95 % interval {self.slope.low:.2f} to {self.slope.high:.2f}"
        what = "too bold" if self.slope.high < 1 else "too timid" if self.slope.low > 1 else "not surely other than 1"
        return f"Calibration slope {self.slope.value:.2f} ({limits}), {what} ({counts})."


def shift(likelihood: Floats, *, declared: float, prevalence: float) -> Floats:
    """Probabilities made for one prevalence, as they would be at another; clipped to 1e-6 from 0 and 1.

    References
    ----------
    Saerens M, Latinne P, Decaestecker C. Adjusting the outputs of a classifier to new a priori probabilities.
    Neural Comput 2002;14:21–41.
    """
    return np.asarray(expit(_logit(likelihood) + float(logit(prevalence) - logit(declared))))


def calibration(likelihood: ArrayLike, truth: ArrayLike, *, declared: float | None, bins: int = BINS) -> Calibration:
    """Calibration of likelihoods, one a patient.

    Parameters
    ----------
    likelihood : array_like of float, shape (patients,)
        From 0 to 1; ±inf for a failed case.
    truth : array_like of bool, shape (patients,)
        Whether the patient has cancer.
    declared : float or None
        The prevalence that the likelihoods are made for. The sample's own is put in its place by adding
        ln[π(1 − p)/((1 − π)p)] to the logit. None: only the slope, which that constant does not touch.
    bins : int
        Of equal mass, for ECE; patients of equal probability share a bin.

    Returns
    -------
    Calibration
        A failed case said nothing that could be calibrated: it is wrong by 1 in Brier's score and not in the rest.
        The slope has no value where all likelihoods are equal or separate the truths perfectly. ECE has no interval
        (it is biased upward in small samples).

    Raises
    ------
    UsageError
        An impossible prevalence, or no bins.
    ValueError
        Vectors of different length, or a likelihood outside 0 to 1.

    References
    ----------
    Brier GW. Verification of forecasts expressed in terms of probability. Mon Weather Rev 1950;78:1–3.
    Cox DR. Two further applications of a model for binary regression. Biometrika 1958;45:562–565.
    Van Calster B et al. Calibration: the Achilles heel of predictive analytics. BMC Med 2019;17:230.
    Naeini MP, Cooper GF, Hauskrecht M. Obtaining well calibrated probabilities using Bayesian binning. AAAI 2015.
    """
    if declared is not None:
        check_prevalence(declared)
    if bins < 1:
        raise UsageError("Calibration error needs at least one bin.")
    said, cancer = np.asarray(likelihood, dtype=float), np.asarray(truth, dtype=bool)
    if said.shape != cancer.shape or said.ndim != 1:
        raise ValueError("Likelihoods and truth must be two vectors of the same length.")
    failed = np.isinf(said)
    if not ((said[~failed] >= 0) & (said[~failed] <= 1)).all():
        raise ValueError("A likelihood is not between 0 and 1.")
    positives, negatives = int(cancer.sum()), int((~cancer).sum())
    answered, outcome = said[~failed], cancer[~failed]
    slope = _slope(_logit(answered), outcome)
    intercept = brier = ece = _without(UNDECLARED if positives and negatives else NO_PATIENTS)
    table: tuple[CalibrationBin, ...] = ()
    if declared is not None and positives and negatives:
        here = shift(answered, declared=declared, prevalence=positives / (positives + negatives))
        intercept = _intercept(_logit(here), outcome)
        brier = _brier(np.concatenate([(here - outcome) ** 2, np.ones(int(failed.sum()))]))
        table = _bins(here, outcome, bins)
        ece = _ece(table)
    return Calibration(
        slope=slope,
        intercept=intercept,
        brier=brier,
        ece=ece,
        bins=table,
        positives=positives,
        negatives=negatives,
        failed=int(failed.sum()),
        declared=declared,
    )


def _logit(probability: Floats) -> Floats:
    return np.asarray(logit(np.clip(probability, CLIP, 1 - CLIP)))


def _without(method: str) -> Rate:
    return Rate(value=None, low=None, high=None, k=None, n=None, method=method)


def _about(value: float, error: float, method: str) -> Rate:
    return Rate(value=value, low=value - Z * error, high=value + Z * error, k=None, n=None, method=method)


def _slope(x: Floats, outcome: NDArray[np.bool_]) -> Rate:
    if outcome.all() or not outcome.any():
        return _without(NO_PATIENTS)
    if x.min() == x.max():
        return _without("no slope: all likelihoods are equal")
    with_cancer, without = x[outcome], x[~outcome]
    if with_cancer.min() >= without.max() or with_cancer.max() <= without.min():
        return _without("no finite slope: the likelihoods separate the truths")
    # Imported here: it takes a second, and the rest of the engine does without.
    from statsmodels.discrete.discrete_model import Logit  # noqa: PLC0415

    fitted = Logit(outcome.astype(float), np.column_stack([np.ones(len(x)), x])).fit(disp=False, maxiter=200)
    return _about(float(fitted.params[1]), float(fitted.bse[1]), "logistic regression, wald")


def _intercept(x: Floats, outcome: NDArray[np.bool_]) -> Rate:
    """Maximum likelihood of a in logit P = a + x: as many cancers are then expected as there are."""
    if outcome.all() or not outcome.any():
        return _without(NO_PATIENTS)
    cancers, a = int(outcome.sum()), 0.0
    low, high = -2 * float(np.abs(x).max()) - 50, 2 * float(np.abs(x).max()) + 50
    for _ in range(200):  # Newton, kept inside the bracket by halving
        expected = expit(a + x)
        excess = cancers - float(expected.sum())
        low, high = (a, high) if excess > 0 else (low, a)
        step = excess / float((expected * (1 - expected)).sum())
        if abs(step) < 1e-12:
            break
        a = a + step if low < a + step < high else (low + high) / 2
    expected = expit(a + x)
    return _about(a, 1 / math.sqrt(float((expected * (1 - expected)).sum())), "in the large, slope 1, wald")


def _brier(squares: Floats) -> Rate:
    n, mean = len(squares), float(squares.mean())
    half = Z * float(squares.std(ddof=1)) / math.sqrt(n) if n > 1 else 0.0
    return Rate(
        value=mean, low=max(0.0, mean - half), high=min(1.0, mean + half), k=None, n=None, method="brier, normal"
    )


def _bins(probability: Floats, outcome: NDArray[np.bool_], bins: int) -> tuple[CalibrationBin, ...]:
    if not len(probability):
        return ()
    place = np.floor((rankdata(probability) - 0.5) / len(probability) * bins).astype(int)
    members = [place == number for number in range(bins)]
    return tuple(
        CalibrationBin(
            predicted=float(probability[mine].mean()),
            observed=float(outcome[mine].mean()),
            k=int(outcome[mine].sum()),
            n=int(mine.sum()),
        )
        for mine in members
        if mine.any()
    )


def _ece(table: tuple[CalibrationBin, ...]) -> Rate:
    patients = sum(one.n for one in table)
    if not patients:
        return _without(NO_PATIENTS)
    error = sum(one.n * abs(one.predicted - one.observed) for one in table) / patients
    return Rate(value=error, low=None, high=None, k=None, n=None, method=f"ece, {len(table)} bins of equal mass")
