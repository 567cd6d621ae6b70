"""Reitsma's bivariate linear mixed model of two logits over hospitals, by restricted maximum likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]

CORRECTION = 0.5  # to both cells of a margin of a hospital where one of them is empty, and nowhere else
ABSENT = 1e12  # the variance of a logit that a hospital does not have


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearFit:
    """μ and Σ on the logit scale, and the covariance of μ's estimate."""

    mean: Floats
    covariance: Floats
    between: Floats


def fit_reitsma(events: NDArray[np.int_], totals: NDArray[np.int_]) -> LinearFit:
    """Fit logit(yᵢ) ~ N(μ, Σ + Vᵢ), Vᵢ = 1/events + 1/others, by REML.

    Parameters
    ----------
    events, totals : array of int, shape (hospitals, 2)
        Total 0: the hospital says nothing of that margin. Each margin needs two hospitals.

    Returns
    -------
    LinearFit
        μ's covariance is (Σᵢ(Σ + Vᵢ)⁻¹)⁻¹ at the estimated Σ. Empty cells: ``CORRECTION``.

    References
    ----------
    Reitsma JB, Glas AS, Rutjes AW, Scholten RJ, Bossuyt PM, Zwinderman AH. Bivariate analysis of sensitivity and
    specificity produces informative summary measures in diagnostic reviews. J Clin Epidemiol 2005;58:982–990.
    """
    present = totals > 0
    added = np.where((events == 0) | (events == totals), CORRECTION, 0.0)
    hits, others = np.where(present, events + added, 1.0), np.where(present, totals - events + added, 1.0)
    logits, within = np.log(hits / others), np.where(present, 1 / hits + 1 / others, ABSENT)

    def objective(entries: Floats) -> tuple[float, Floats]:
        lower = np.array([[entries[0], 0.0], [entries[1], entries[2]]])
        precision, information, mean = _solve(logits, within, lower @ lower.T)
        weighed = np.einsum("ijk,ik->ij", precision, logits - mean)
        value = (
            np.einsum("ij,ij->", logits - mean, weighed)
            - np.log(np.linalg.det(precision * np.sqrt(within[:, :, None] * within[:, None, :]))).sum()
            + np.linalg.slogdet(information)[1]
        )
        twice = np.einsum("ijk,kl,ilm->jm", precision, np.linalg.inv(information), precision)
        of_between = precision.sum(axis=0) - weighed.T @ weighed - twice
        of_lower = 2 * of_between @ lower
        return float(value / 2), np.array([of_lower[0, 0], of_lower[1, 0], of_lower[1, 1]]) / 2

    found = minimize(
        objective,
        np.array([0.5, 0.0, 0.5]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, None), (None, None), (0.0, None)],
        options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 500},
    )
    lower = np.array([[found.x[0], 0.0], [found.x[1], found.x[2]]])
    _, information, mean = _solve(logits, within, lower @ lower.T)
    return LinearFit(mean=mean, covariance=np.asarray(np.linalg.inv(information), dtype=float), between=lower @ lower.T)


def _solve(logits: Floats, within: Floats, between: Floats) -> tuple[Floats, Floats, Floats]:
    """Each hospital's precision, their sum, and μ by generalised least squares."""
    variance = np.broadcast_to(between, (len(logits), 2, 2)).copy()
    variance[:, [0, 1], [0, 1]] += within
    precision = np.asarray(np.linalg.inv(variance), dtype=float)
    information = precision.sum(axis=0)
    return precision, information, np.linalg.solve(information, np.einsum("ijk,ik->j", precision, logits))
