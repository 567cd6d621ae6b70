"""Laplace's approximation of a binomial likelihood whose two logits vary jointly from hospital to hospital."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, gammaln

Floats = NDArray[np.float64]

NEWTON_STEPS = 60
CLOSE = 1e-10  # of the last Newton step, in standard deviations of a random effect
PARAMETERS = 5  # two fixed effects, then L₁₁, L₂₁, L₂₂


class Laplace:
    """Minus the log-likelihood at θ = (μ₁, μ₂, L₁₁, L₂₁, L₂₂), and its gradient.

    Hospital i has yᵢⱼ of nᵢⱼ, logit pᵢⱼ = μⱼ + (L uᵢ)ⱼ, uᵢ ~ N(0, I). The inner mode û is found by Newton with halved
    steps, starting where the last call ended; the gradient is exact, with û moving as θ does.

    Parameters
    ----------
    events, totals : array of float, shape (hospitals, 2)
        ``totals`` 0: the hospital says nothing of that margin.

    References
    ----------
    Chu H, Cole SR. Bivariate meta-analysis of sensitivity and specificity with sparse data: a generalized linear mixed
    model approach. J Clin Epidemiol 2006;59:1331–1332.
    Breslow NE, Clayton DG. Approximate inference in generalized linear mixed models. JASA 1993;88:9–25.
    """

    def __init__(self, events: Floats, totals: Floats) -> None:
        self.y, self.n = events, totals
        self.u = np.zeros_like(totals)
        self.constant = float((gammaln(totals + 1) - gammaln(events + 1) - gammaln(totals - events + 1)).sum())

    def __call__(self, theta: Floats) -> tuple[float, Floats]:
        lower = np.array([[theta[2], 0.0], [theta[3], theta[4]]])
        mode, logits = self._mode(theta[:2], lower)
        chance = expit(logits)
        residual = self.y - self.n * chance
        weight = self.n * chance * (1 - chance)
        inverse, determinant = _inverse(weight, lower)
        joint = self.n * np.logaddexp(0, logits) - self.y * logits
        value = float((joint + mode**2 / 2).sum() + np.log(determinant).sum() / 2) - self.constant

        # rows of L through H⁻¹: how log|H| moves with each weight, and with û (adjoint), and so with θ
        through = np.einsum("ikl,jl->ijk", inverse, lower)
        skew = weight * (1 - 2 * chance) * np.einsum("ijk,jk->ij", through, lower) / 2
        adjoint = np.einsum("ij,ijk->ik", skew, through)
        slope = skew - residual - (adjoint @ lower.T) * weight
        of_lower = (
            np.einsum("ij,ik->jk", slope, mode)
            + np.einsum("ij,ijk->jk", weight, through)
            + np.einsum("ij,ik->jk", residual, adjoint)
        )
        gradient = np.array([*slope.sum(axis=0), of_lower[0, 0], of_lower[1, 0], of_lower[1, 1]])
        return value, gradient

    def _mode(self, fixed: Floats, lower: Floats) -> tuple[Floats, Floats]:
        """û and the logits there. The joint likelihood is log-concave in u, so there is one mode."""
        u = self.u
        logits, height = self._height(u, fixed, lower)
        for _ in range(NEWTON_STEPS):
            chance = expit(logits)
            slope = u - (self.y - self.n * chance) @ lower
            inverse, _ = _inverse(self.n * chance * (1 - chance), lower)
            step = np.einsum("ikl,il->ik", inverse, slope)
            u, logits, height = self._descend(u, step, height, fixed, lower)
            if np.abs(step).max() < CLOSE:
                break
        self.u = u
        return u, logits

    def _height(self, u: Floats, fixed: Floats, lower: Floats) -> tuple[Floats, Floats]:
        logits = fixed + u @ lower.T
        return logits, (self.n * np.logaddexp(0, logits) - self.y * logits + u**2 / 2).sum(axis=1)

    def _descend(
        self, u: Floats, step: Floats, height: Floats, fixed: Floats, lower: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """A whole Newton step, halved for each hospital that it would take uphill."""
        share = np.ones((len(u), 1))
        for _ in range(30):
            moved = u - share * step
            logits, reached = self._height(moved, fixed, lower)
            uphill = reached > height + 1e-12 * (1 + np.abs(height))
            if not uphill.any():
                break
            share[uphill] /= 2
        return moved, logits, reached


def _inverse(weight: Floats, lower: Floats) -> tuple[Floats, Floats]:
    """H = L'WL + I of each hospital: inverse (hospitals, 2, 2) and determinant."""
    (a, _), (c, b) = lower
    first = 1 + a * a * weight[:, 0] + c * c * weight[:, 1]
    second = 1 + b * b * weight[:, 1]
    across = c * b * weight[:, 1]
    determinant = first * second - across**2
    inverse = np.empty((len(weight), 2, 2))
    inverse[:, 0, 0], inverse[:, 1, 1] = second / determinant, first / determinant
    inverse[:, 0, 1] = inverse[:, 1, 0] = -across / determinant
    return inverse, determinant
