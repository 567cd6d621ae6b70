"""Bootstrap of patients: how often each is drawn, stratum by stratum, and statistics of many replicates at once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evaluator.errors import UsageError

Floats = NDArray[np.float64]
FEWEST_REPLICATES = 2000
CHUNK = 4_000_000  # numbers held at once: 32 MB for each array of this size


def check_replicates(replicates: int) -> None:
    """Refuse too few.

    Raises
    ------
    UsageError
        Fewer than 2,000.
    """
    if replicates < FEWEST_REPLICATES:
        raise UsageError(
            f"{replicates} bootstrap replicates are too few.",
            why="The ends of a 95 % interval are then a matter of luck.",
            next_step=f"Take {FEWEST_REPLICATES:,} or more.",
        )


def draws(strata: ArrayLike, *, rng: np.random.Generator, replicates: int, width: int = 0) -> Iterator[Floats]:
    """How often each patient is drawn, in chunks of replicates.

    Parameters
    ----------
    strata : array_like, shape (patients,)
        Each patient's stratum (hospital and truth, say); a stratum keeps its size in every replicate.
    rng : numpy.random.Generator
        Of the draws. The chunks, and so the draws, depend on ``replicates``, ``width`` and the strata only.
    replicates : int
        How many in all.
    width : int, optional
        How many numbers the caller holds for each replicate, where that is more than one a patient.

    Yields
    ------
    ndarray of float, shape (chunk, patients)
        Whole numbers, as floats so that they multiply fast.

    References
    ----------
    Efron B, Tibshirani RJ. An introduction to the bootstrap. Chapman & Hall 1993, chapters 8 and 13.
    """
    code = np.unique(np.asarray(strata), return_inverse=True)[1]
    patients = len(code)
    sizes = np.bincount(code).tolist()
    place = np.argsort(np.argsort(code, kind="stable"), kind="stable")  # of each patient, stratum after stratum
    in_place = bool((place == np.arange(patients)).all())
    size = max(1, CHUNK // max(1, patients, width))
    for start in range(0, replicates, size):
        rows = min(size, replicates - start)
        times = np.empty((rows, patients))
        offsets = np.arange(rows)[:, None]
        first = 0
        for count in sizes:
            drawn = rng.integers(count, size=(rows, count)) + offsets * count
            times[:, first : first + count] = np.bincount(drawn.ravel(), minlength=rows * count).reshape(rows, -1)
            first += count
        yield times if in_place else times[:, place]


def percentile_limits(replicates: Floats) -> tuple[Floats, Floats]:
    """The 2.5th and 97.5th percentile over the first axis."""
    low, high = np.percentile(replicates, [2.5, 97.5], axis=0)
    return low, high


def two_sided_p(differences: Floats) -> float:
    """Share of replicates on the far side of zero, twice; never 0, as the observed sample counts as one replicate."""
    side = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(1.0, 2 * (1 + side) / (1 + len(differences)))


class WeightedArea:
    """The area under one ROC curve in many replicates: sorted once, then a sum for each replicate.

    Parameters
    ----------
    scores : ndarray of float, shape (units,)
        Likelihoods; ties count half.
    truth : ndarray of bool, shape (units,)
        At least one of each.
    """

    def __init__(self, scores: Floats, truth: NDArray[np.bool_]) -> None:
        self._order = np.argsort(scores, kind="stable")
        ascending = scores[self._order]
        self._positive = truth[self._order]
        self._starts = np.flatnonzero(np.r_[True, ascending[1:] != ascending[:-1]])

    def __call__(self, weights: Floats) -> Floats:
        """Areas, shape (replicates,), of the units' weights, shape (replicates, units)."""
        ordered = weights[:, self._order]
        positive = np.add.reduceat(ordered * self._positive, self._starts, axis=1)
        negative = np.add.reduceat(ordered * ~self._positive, self._starts, axis=1)
        below = np.cumsum(negative, axis=1) - negative / 2
        won = np.einsum("ij,ij->i", positive, below)
        return np.asarray(won / (positive.sum(axis=1) * negative.sum(axis=1)))
