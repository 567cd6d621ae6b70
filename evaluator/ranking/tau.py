"""Kendall's τ-b of many pairs of orders at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluator.ranking.panel import SAME, Floats

ROWS = 128  # at once: what fits the processor's cache


def tau_b(first: Floats, second: Floats) -> Floats:
    """τ-b along the last axis, (…,); NaN where one side tells no models apart.

    Parameters
    ----------
    first, second : ndarray, shape (…, models)
        Scores; those within 1e-12 are equal.

    Returns
    -------
    ndarray, shape (…,)
        Between −1 and 1, or NaN.

    References
    ----------
    Kendall MG. The treatment of ties in ranking problems. Biometrika 1945;33:239–251.
    """
    orders = first.shape[:-1]
    one, two = (np.reshape(np.broadcast_to(scores, first.shape), (-1, first.shape[-1])) for scores in (first, second))
    found = [_tau_b(one[at : at + ROWS], two[at : at + ROWS]) for at in range(0, len(one), ROWS)]
    return np.concatenate(found).reshape(orders) if found else np.empty(orders)


def _tau_b(first: Floats, second: Floats) -> Floats:
    agreement, told_first, told_second = np.zeros((3, len(first)))
    for model in range(first.shape[-1] - 1):
        one, two = _signs(first, model), _signs(second, model)
        agreement += np.einsum("rm,rm->r", one, two)
        told_first += np.einsum("rm,rm->r", one, one)
        told_second += np.einsum("rm,rm->r", two, two)
    told = np.sqrt(told_first * told_second)
    return np.asarray(np.divide(agreement, told, out=np.full(told.shape, np.nan), where=told > 0))


def _signs(scores: Floats, model: int) -> NDArray[np.float32]:
    """Which way each later model differs; float32 holds the counts exactly."""
    apart = scores[..., model + 1 :] - scores[..., [model]]
    return (apart > SAME).astype(np.float32) - (apart < -SAME)
