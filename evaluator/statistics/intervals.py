"""Intervals of a proportion: Wilson for display, Clopper–Pearson for award gates, clustered for several a patient."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri
from scipy.stats import beta

from evaluator.errors import UsageError
from evaluator.records import Rate

Z = float(ndtri(0.975))
NO_PATIENTS = "no patients"


@dataclass(frozen=True, kw_only=True)
class ClusteredRate(Rate):
    """k of n units (lesions, scans) of this many patients."""

    patients: int | None


def check_counts(k: int, n: int, *, what: str = "A rate") -> None:
    """Refuse counts that are no proportion.

    Raises
    ------
    UsageError
        ``k`` is negative or above ``n``.
    """
    if not 0 <= k <= n:
        raise UsageError(
            f"{what} of {k}/{n} is impossible.",
            why="The first number counts among the second, so it lies between 0 and it.",
            next_step="Give it as found/all, for example 95/100.",
        )


def no_patients() -> Rate:
    """The rate of nobody: not 0 and not NaN."""
    return Rate(value=None, low=None, high=None, k=0, n=0, method=NO_PATIENTS)


def wilson_limits(k: float, n: float, *, z: float = Z) -> tuple[float, float]:
    """Wilson's score limits; ``k`` and ``n`` may be effective (fractional) counts, ``n`` > 0."""
    p = k / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if k <= 0 else (centre - half) / scale
    high = 1.0 if k >= n else (centre + half) / scale
    return low, high


def wilson(k: int, n: int) -> Rate:
    """k of n with Wilson's 95 % score interval.

    Parameters
    ----------
    k, n : int
        How many, of how many.

    Returns
    -------
    Rate
        ``value`` is None where ``n`` is 0.

    Raises
    ------
    UsageError
        ``k`` is negative or above ``n``.

    References
    ----------
    Wilson EB. Probable inference, the law of succession, and statistical inference. JASA 1927;22:209–212.
    """
    check_counts(k, n)
    if n == 0:
        return no_patients()
    low, high = wilson_limits(k, n)
    return Rate(value=k / n, low=low, high=high, k=k, n=n, method="wilson")


def clopper_pearson(k: int, n: int, *, level: float = 0.95) -> Rate:
    """k of n with the exact interval: at least ``level`` whatever the truth.

    Parameters
    ----------
    k, n : int
        How many, of how many.
    level : float
        Two-sided coverage. Either end alone is a one-sided bound at (1 − level)/2: the default's ends are at 0.025.

    Returns
    -------
    Rate
        ``value`` is None where ``n`` is 0.

    Raises
    ------
    UsageError
        ``k`` is negative or above ``n``.

    References
    ----------
    Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the binomial.
    Biometrika 1934;26:404–413.
    """
    check_counts(k, n)
    if n == 0:
        return no_patients()
    tail = (1 - level) / 2
    low = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    high = 1.0 if k == n else float(beta.ppf(1 - tail, k + 1, n - k))
    return Rate(value=k / n, low=low, high=high, k=k, n=n, method="clopper-pearson")


def clustered(k: ArrayLike, n: ArrayLike) -> ClusteredRate:
    """Σk of Σn, several units a patient, with Wilson's interval on counts divided by the design effect.

    Parameters
    ----------
    k, n : array_like of int, shape (patients,)
        Of each patient: how many units count, of how many. Patients without a unit are left out.

    Returns
    -------
    ClusteredRate
        ``k`` and ``n`` are the whole counts. Where every unit agrees, or there is one patient only, the variance
        between patients says nothing and the interval is Wilson's with as many units as patients.

    Raises
    ------
    UsageError
        A patient's count is negative or above its total.

    References
    ----------
    Rao JNK, Scott AJ. A simple method for the analysis of clustered binary data. Biometrics 1992;48:577–585.
    Obuchowski NA. On the comparison of correlated proportions for clustered data. Stat Med 1998;17:1495–1507.
    """
    hits, units = np.asarray(k, dtype=float), np.asarray(n, dtype=float)
    if hits.shape != units.shape:
        raise ValueError("k and n must be two vectors of the same length.")
    for at in np.flatnonzero((hits < 0) | (units < 0) | (hits > units))[:1]:
        check_counts(int(hits[at]), int(units[at]))
    hits, units = hits[units > 0], units[units > 0]
    patients = len(units)
    if patients == 0:
        return ClusteredRate(value=None, low=None, high=None, k=0, n=0, patients=0, method=NO_PATIENTS)
    total = float(units.sum())
    p = float(hits.sum()) / total
    if patients == 1 or p in (0.0, 1.0):
        low, high = wilson_limits(p * patients, patients)
    else:
        variance = patients / (patients - 1) * float(((hits - p * units) ** 2).sum()) / total**2
        design = max(1.0, variance / (p * (1 - p) / total))
        low, high = wilson_limits(p * total / design, total / design)
    return ClusteredRate(
        value=p, low=low, high=high, k=int(hits.sum()), n=int(total), patients=patients, method="wilson-clustered"
    )


def p_text(p: float | None) -> str:
    """A p to four digits; none is 0."""
    if p is None:
        return "not estimable"
    return f"{p:.4f}" if p >= 0.00005 else "below 0.0001"
