"""Placement values: what the area under a ROC curve is a mean of, and its variance with and without clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Codes = NDArray[np.int_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Placements:
    """Of each positive, the share of negatives below it; of each negative, the share of positives above it."""

    positive: Floats
    negative: Floats

    @property
    def area(self) -> float:
        return float(self.positive.mean())

    def minus(self, other: Placements) -> Placements:
        """Of two models on the same units: the difference of their areas is again a mean of placements."""
        return Placements(positive=self.positive - other.positive, negative=self.negative - other.negative)


@dataclass(frozen=True, kw_only=True, eq=False)
class Clusters:
    """Which patient each positive and each negative unit belongs to, as numbers from 0."""

    positive: Codes
    negative: Codes

    @property
    def positives(self) -> int:
        """Patients with a positive unit."""
        return len(np.unique(self.positive))

    @property
    def negatives(self) -> int:
        """Patients with a negative unit; a patient may have both."""
        return len(np.unique(self.negative))

    @property
    def patients(self) -> int:
        return len(np.union1d(self.positive, self.negative))


def split(scores: ArrayLike, truth: ArrayLike) -> tuple[Floats, Floats]:
    """Scores of positives and of negatives, in their order; ±inf is a score, NaN is refused."""
    values, cancer = np.asarray(scores, dtype=float), np.asarray(truth, dtype=bool)
    if values.shape != cancer.shape or values.ndim != 1:
        raise ValueError("Scores and truth must be two vectors of the same length.")
    if np.isnan(values).any():
        raise ValueError("A score is not a number.")
    return values[cancer], values[~cancer]


def clusters(patients: ArrayLike, truth: ArrayLike) -> Clusters:
    """Number the patients of the units; equal names are one patient."""
    names, cancer = np.asarray(patients), np.asarray(truth, dtype=bool)
    if names.shape != cancer.shape:
        raise ValueError("Every score needs the name of its patient.")
    code = np.unique(names, return_inverse=True)[1]
    return Clusters(positive=code[cancer], negative=code[~cancer])


def place(positive: Floats, negative: Floats) -> Placements:
    """Placement values from mid-ranks, in O(n log n) (Sun & Xu 2014)."""
    m, n = len(positive), len(negative)
    ranks = rankdata(np.concatenate([positive, negative]))
    return Placements(
        positive=(ranks[:m] - rankdata(positive)) / n,
        negative=1 - (ranks[m:] - rankdata(negative)) / m,
    )


def variance(places: Placements, of: Clusters | None) -> float:
    """Variance of the mean placement: DeLong's, or Obuchowski's where patients have several units.

    0 where it is undefined: fewer than two units (or two patients) of a kind.
    """
    if of is None:
        if min(len(places.positive), len(places.negative)) < 2:
            return 0.0
        return sum(float(part.var(ddof=1)) / len(part) for part in (places.positive, places.negative))
    if min(of.positives, of.negatives) < 2:
        return 0.0
    total, area = 1 + max(int(of.positive.max()), int(of.negative.max())), places.area
    above = np.bincount(of.positive, places.positive - area, minlength=total) / len(places.positive)
    below = np.bincount(of.negative, places.negative - area, minlength=total) / len(places.negative)
    own = of.positives / (of.positives - 1) * above @ above + of.negatives / (of.negatives - 1) * below @ below
    return float(own + 2 * of.patients / (of.patients - 1) * above @ below)
