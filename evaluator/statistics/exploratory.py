"""A threshold tuned on the very patients it is shown on, with a bootstrap that tunes it anew in every replicate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluator.errors import UsageError
from evaluator.records import Rate
from evaluator.statistics.intervals import NO_PATIENTS
from evaluator.statistics.operating_point import OperatingPoint, Status

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
BLOCK = 4_000_000  # replicates × cuts held at once: three such arrays of 8 bytes
METHOD = "patient bootstrap, threshold selected again in every replicate"


@dataclass(frozen=True, kw_only=True)
class ExploratoryPoint:
    """The tuned threshold with the rates it reached; all intervals are 95 % percentiles of the bootstrap."""

    point: OperatingPoint
    low: float | None  # of the threshold itself
    high: float | None
    sensitivity: Rate
    specificity: Rate
    replicates: int
    method: str = METHOD

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        se, sp = self.sensitivity, self.specificity
        if se.value is None or sp.value is None:
            return self.point.sentence
        return f"{self.point.sentence} There sensitivity was {se.k}/{se.n} and specificity {sp.k}/{sp.n}: flattering."


def tune_threshold(
    scores: ArrayLike,
    truth: ArrayLike,
    *,
    rng: np.random.Generator,
    alpha: float | None = None,
    replicates: int = 2000,
) -> ExploratoryPoint:
    """Choose the threshold that looks best on the test set, and say how uncertain that choice is.

    Parameters
    ----------
    scores : array_like of float, shape (patients,)
        Likelihoods; a failed positive is −∞, a failed negative +∞, and both are errors at every threshold.
    truth : array_like of bool, shape (patients,)
        Whether the patient has cancer.
    rng : numpy.random.Generator
        Of the draws; patients are redrawn within each truth.
    alpha : float, optional
        Greatest share of false alarms allowed; without it, Youden's sensitivity + specificity is maximised. Of equal
        thresholds the highest, which flags the fewest.
    replicates : int
        Each selects its own threshold and is judged at that.

    Returns
    -------
    ExploratoryPoint
        Never locked. Without a positive or without a negative there is no threshold.

    Raises
    ------
    UsageError
        ``alpha`` is not between 0 and 1, or fewer than 2 replicates are asked for.
    ValueError
        Vectors of different length, or a score that is not a number.

    References
    ----------
    Youden WJ. Index for rating diagnostic tests. Cancer 1950;3:32–35.
    Efron B, Tibshirani RJ. An Introduction to the Bootstrap. Chapman & Hall 1993, chapter 13.
    """
    values, cancer = np.asarray(scores, dtype=float), np.asarray(truth, dtype=bool)
    if values.shape != cancer.shape or values.ndim != 1:
        raise ValueError("Scores and truth must be two vectors of the same length.")
    if np.isnan(values).any():
        raise ValueError("A score is not a number.")
    if alpha is not None and not 0 <= alpha < 1:
        raise UsageError(f"A false-alarm share of {alpha:g} is impossible.", why="It is at least 0 and below 1.")
    if replicates < 2:
        raise UsageError("A bootstrap takes at least 2 replicates.", next_step="Ask for 2,000.")
    rule = "greatest sensitivity + specificity" if alpha is None else f"at most {100 * alpha:g} % false alarms"
    positives, negatives = values[cancer], values[~cancer]
    if not len(positives) or not len(negatives):
        return _nobody(rule)
    # Flagged is above the cut; below all cuts everyone is flagged but who failed, whatever the truth.
    cuts = np.concatenate([[-np.inf], np.unique(values[np.isfinite(values)])])
    held = _held(positives, cuts), _held(negatives, cuts)
    at = _select(_above(held[0][None, :]), _above(held[1][None, :]), alpha)[0]
    found, alarms = int((positives > cuts[at]).sum()), int((negatives > cuts[at]).sum())
    chosen, se, sp = _replicate(held, cuts, alpha=alpha, rng=rng, replicates=replicates)
    threshold_low, threshold_high = _limits(chosen)
    return ExploratoryPoint(
        point=OperatingPoint(threshold=float(cuts[at]), status=Status.EXPLORATORY, method=rule, alpha=alpha),
        low=threshold_low,
        high=threshold_high,
        sensitivity=_rate(found, len(positives), se),
        specificity=_rate(len(negatives) - alarms, len(negatives), sp),
        replicates=replicates,
    )


def _nobody(rule: str) -> ExploratoryPoint:
    nothing = Rate(value=None, low=None, high=None, k=0, n=0, method=NO_PATIENTS)
    point = OperatingPoint(threshold=None, status=Status.EXPLORATORY, method=rule)
    return ExploratoryPoint(point=point, low=None, high=None, sensitivity=nothing, specificity=nothing, replicates=0)


def _held(values: Floats, cuts: Floats) -> Counts:
    """How many patients lie at each cut, the last column above all of them (failed negatives)."""
    place = np.searchsorted(cuts, values, side="left")
    return np.bincount(place, minlength=len(cuts) + 1).astype(np.int64)


def _above(held: Counts) -> Floats:
    """Share of patients above each cut, shape (replicates, cuts)."""
    flagged = held[:, ::-1].cumsum(axis=1)[:, ::-1]
    return np.asarray(flagged[:, 1:] / flagged[:, :1], dtype=float)


def _select(sensitivity: Floats, alarms: Floats, alpha: float | None) -> Counts:
    """The column of the best cut in each row; of equal ones the highest."""
    gain = sensitivity - alarms if alpha is None else np.where(alarms <= alpha, sensitivity, -1.0)
    return np.asarray(gain.shape[1] - 1 - np.argmax(np.round(gain[:, ::-1], 12), axis=1), dtype=np.int64)


def _replicate(
    held: tuple[Counts, Counts], cuts: Floats, *, alpha: float | None, rng: np.random.Generator, replicates: int
) -> tuple[Floats, Floats, Floats]:
    """Threshold, sensitivity and specificity of each replicate."""
    chosen, se, sp = np.empty(replicates), np.empty(replicates), np.empty(replicates)
    step = max(1, BLOCK // (len(cuts) + 1))
    for start in range(0, replicates, step):
        rows = slice(start, min(start + step, replicates))
        draws = rows.stop - rows.start
        found, alarms = (_above(rng.multinomial(one.sum(), one / one.sum(), size=draws)) for one in held)
        at = _select(found, alarms, alpha)
        row = np.arange(draws)
        chosen[rows], se[rows], sp[rows] = cuts[at], found[row, at], 1 - alarms[row, at]
    return chosen, se, sp


def _limits(values: Floats) -> tuple[float, float]:
    # Percentiles that are themselves values: between −∞ and a number there is nothing to interpolate.
    low, high = np.quantile(values, [0.025, 0.975], method="inverted_cdf")
    return float(low), float(high)


def _rate(k: int, n: int, replicates: Floats) -> Rate:
    low, high = _limits(replicates)
    return Rate(value=k / n, low=low, high=high, k=k, n=n, method=METHOD)
