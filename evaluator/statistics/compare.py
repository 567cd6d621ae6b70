"""Two models on the same patients: exact McNemar for whether, Newcombe's method 10 for how much."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from evaluator.statistics.intervals import p_text, wilson_limits


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """Share of the first minus share of the second. ``b``: the first only; ``c``: the second only; of ``n``."""

    difference: float | None
    low: float | None
    high: float | None
    b: int
    c: int
    n: int
    p: float | None
    method: str = "newcombe-10, exact mcnemar"

    @property
    def sentence(self) -> str:
        """What it says, for people."""
        if self.difference is None or self.low is None or self.high is None:
            return "no difference: no patients."
        limits = f"95 % interval {self.low:+.3f} to {self.high:+.3f}, exact p {p_text(self.p)}"
        return f"{self.difference:+.3f} ({limits}); of {self.n} only the first {self.b}, only the second {self.c}."


def mcnemar_exact(b: int, c: int) -> float:
    """Two-sided exact p of McNemar's test; 1 where no patient tells the two apart.

    Parameters
    ----------
    b, c : int
        Patients that only the first, only the second has.

    Returns
    -------
    float
        The p-value.

    References
    ----------
    McNemar Q. Note on the sampling error of the difference between correlated proportions. Psychometrika
    1947;12:153–157 (exact: binomial with one half).
    """
    return 1.0 if b + c == 0 else float(binomtest(b, b + c, 0.5).pvalue)


def compare_paired(first: ArrayLike, second: ArrayLike) -> PairedDifference:
    """Difference of two shares on the same patients, for cancers and for non-cancers separately.

    Parameters
    ----------
    first, second : array_like of bool, shape (patients,)
        Whether each model is right (or flags), in the same order of patients.

    Returns
    -------
    PairedDifference
        None for everything where there is no patient.

    Raises
    ------
    ValueError
        Vectors of different length.

    References
    ----------
    Newcombe RG. Improved confidence intervals for the difference between binomial proportions based on paired data.
    Stat Med 1998;17:2635–2650, method 10.
    """
    one, two = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if one.shape != two.shape or one.ndim != 1:
        raise ValueError("Both models need one answer for each of the same patients.")
    both, b = int((one & two).sum()), int((one & ~two).sum())
    c, neither = int((~one & two).sum()), int((~one & ~two).sum())
    n = both + b + c + neither
    if n == 0:
        return PairedDifference(difference=None, low=None, high=None, b=0, c=0, n=0, p=None)
    low, high = newcombe_paired(both=both, b=b, c=c, neither=neither)
    return PairedDifference(difference=(b - c) / n, low=low, high=high, b=b, c=c, n=n, p=mcnemar_exact(b, c))


def newcombe_paired(*, both: int, b: int, c: int, neither: int) -> tuple[float, float]:
    """Limits of the paired difference (b − c)/n by Newcombe's method 10, φ corrected for continuity."""
    n = both + b + c + neither
    p1, p2 = (both + b) / n, (both + c) / n
    low1, high1 = wilson_limits(both + b, n)
    low2, high2 = wilson_limits(both + c, n)
    margins = (both + b) * (c + neither) * (both + c) * (b + neither)
    cross = float(both * neither - b * c)
    if cross > 0:
        cross = max(cross - n / 2, 0.0)
    phi = cross / math.sqrt(margins) if margins else 0.0
    down, up = p1 - low1, high2 - p2
    below = math.sqrt(down**2 - 2 * phi * down * up + up**2)
    rise, drop = high1 - p1, p2 - low2
    above = math.sqrt(rise**2 - 2 * phi * rise * drop + drop**2)
    difference = (b - c) / n
    return max(-1.0, difference - below), min(1.0, difference + above)


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """Adjust p-values so that the chance of any false "significant" stays at the level, in the order given.

    Parameters
    ----------
    p_values : array_like of float, shape (tests,)
        One for each test of the family.

    Returns
    -------
    ndarray, shape (tests,)
        At most 1, never in another order than the p-values.

    References
    ----------
    Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65–70.
    """
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
