"""Turnbull's estimate of a distribution of which every value is known only to lie in an interval."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

VERSION = "turnbull/1"
TOLERANCE = 1e-10  # of the mean log-likelihood, where the iteration stops
LONGEST = 100_000  # iterations; the likelihood cannot fall meanwhile

Floats = NDArray[np.float64]


def turnbull_estimate(left: Floats, right: Floats) -> tuple[Floats, Floats, Floats]:
    """The distribution that makes the intervals likeliest.

    Parameters
    ----------
    left, right : ndarray of float, shape (n,)
        Closed intervals, one observation each; ``right`` may be inf. At least one.

    Returns
    -------
    starts, ends, shares : ndarray of float, shape (pieces,)
        The only places where the estimate has mass, ascending, and how much; where in a piece it lies the data do not
        say. Shares add up to 1.

    References
    ----------
    Turnbull BW. The empirical distribution function with arbitrarily grouped, censored and truncated data. J R Stat
    Soc B 1976;38:290–295 (self-consistency, an EM algorithm).
    """
    starts, ends = _pieces(left, right)
    first = np.searchsorted(starts, left, side="left")
    behind = np.searchsorted(ends, right, side="right")  # pieces first … behind − 1 lie in the observation's interval
    shares = np.full(len(starts), 1 / len(starts))
    likelihood = -np.inf
    for _ in range(LONGEST):
        below = np.concatenate([[0.0], np.cumsum(shares)])
        inside = below[behind] - below[first]
        before, likelihood = likelihood, float(np.log(inside).mean())
        if likelihood - before < TOLERANCE:
            break
        step = np.zeros(len(shares) + 1)
        np.add.at(step, first, 1 / inside)
        np.add.at(step, behind, -1 / inside)
        shares = shares * np.cumsum(step)[:-1] / len(left)
        shares /= shares.sum()
    return starts, ends, shares


def _pieces(left: Floats, right: Floats) -> tuple[Floats, Floats]:
    """From a start to the next end with neither between them. At one point starts come first: intervals are closed."""
    points = np.concatenate([left, right])
    is_end = np.repeat([False, True], len(left))
    order = np.lexsort((is_end, points))
    points, is_end = points[order], is_end[order]
    at = np.flatnonzero(~is_end[:-1] & is_end[1:])
    return points[at], points[at + 1]
