"""The binomial-normal model of two rates over hospitals, fitted by maximum (Laplace) likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from evaluator.statistics.laplace import PARAMETERS, Floats, Laplace

WIDEST = 8.0  # of a standard deviation on the logit scale; beyond it hospitals are all right or all wrong
FURTHEST = 25.0  # of a logit
STEP = 1e-4  # of the central differences of the exact gradient
FREE_TO_DROP = 1e-6  # of the log-likelihood: a variance that costs no more to leave out is zero
WORTH_A_TRY = 0.05
BOTH, FIRST, SECOND, CORRELATION = (2, 3, 4), (2, 3), (3, 4), (4,)  # entries of θ that may lie at zero
MARGINS = ((0,), (1,), (0,), (0, 1), (1,))  # that each entry of θ speaks of


@dataclass(frozen=True, kw_only=True, eq=False)
class GlmmFit:
    """μ and Σ on the logit scale, the covariance of μ's estimate, and which entries of L lie at zero.

    Rows and columns of a margin that took no part are zero. ``usable`` is False where the likelihood has no inner
    maximum: a variance without end, or an information matrix that is not positive definite.
    """

    mean: Floats
    covariance: Floats  # of the estimated mean
    between: Floats  # Σ
    log_likelihood: float
    zero: tuple[int, ...]
    usable: bool

    @property
    def limit(self) -> str:
        """At which limit of the model the fit lies, in words; empty where at none."""
        varies = np.diag(self.between) > 0
        if not self.zero:
            return ""
        if not varies.any():
            return "hospitals differ no more than chance makes them"
        if self.zero == CORRELATION and varies.all():
            return "the correlation of the two rates between hospitals is at its limit"
        return "one of the two rates differs no more between hospitals than chance makes it"

    @property
    def correlation(self) -> float | None:
        """Between the two rates over hospitals; None where one of them does not vary."""
        spread = float(self.between[0, 0] * self.between[1, 1])
        return float(np.clip(self.between[0, 1] / np.sqrt(spread), -1, 1)) if spread > 0 else None


def fit_glmm(events: NDArray[np.int_], totals: NDArray[np.int_]) -> GlmmFit:
    """Fit logit pᵢ = μ + bᵢ, bᵢ ~ N(0, Σ), to counts of two margins (or one) at several hospitals.

    Parameters
    ----------
    events, totals : array of int, shape (hospitals, 2)
        A margin whose totals are all 0 takes no part. A margin in which all or no events happened has no finite
        estimate and must not be handed in.

    Returns
    -------
    GlmmFit
        The covariance of μ is from the whole information matrix, Σ's uncertainty included, conditional on entries of
        L that lie at zero (there the likelihood is even in them, so they carry no information on μ).

    References
    ----------
    Chu H, Cole SR. J Clin Epidemiol 2006;59:1331–1332.
    Bates D, Mächler M, Bolker B, Walker S. Fitting linear mixed-effects models using lme4. J Stat Softw 2015;67(1).
    """
    likelihood = Laplace(events.astype(float), totals.astype(float))
    taking_part = totals.sum(axis=0) > 0
    absent = tuple(i for i, margins in enumerate(MARGINS) if not taking_part[list(margins)].all())
    pooled = events.sum(axis=0) / np.maximum(totals.sum(axis=0), 1)
    start = np.zeros(PARAMETERS)
    start[:2] = np.log(np.where(taking_part, pooled, 0.5)) - np.log1p(-np.where(taking_part, pooled, 0.5))
    start[[2, 4]] = 0.5
    start[list(absent)] = 0.0

    best, height = _minimise(likelihood, start, absent)
    zero: tuple[int, ...] = ()
    for entries in (BOTH, FIRST, SECOND, CORRELATION):
        candidate = tuple(sorted({*absent, *entries}))
        without = best.copy()
        without[list(entries)] = 0.0
        if len(candidate) == len(absent) or likelihood(without)[0] > height + WORTH_A_TRY:
            continue
        reduced, reached = _minimise(likelihood, without, candidate)
        if reached <= height + FREE_TO_DROP:
            best, zero = reduced, tuple(entry for entry in candidate if entry > 1 and entry not in absent)
            absent = candidate
            break
    best, covariance = _polish(likelihood, best, absent)
    lower = np.array([[best[2], 0.0], [best[3], best[4]]])
    between = lower @ lower.T
    inside = covariance is not None and float(np.sqrt(np.diag(between)).max()) < WIDEST
    return GlmmFit(
        mean=best[:2],
        covariance=covariance if covariance is not None else np.zeros((2, 2)),
        between=between,
        log_likelihood=-likelihood(best)[0],
        zero=zero,
        usable=inside and bool(np.abs(best[:2]).max() < FURTHEST),
    )


def _minimise(likelihood: Laplace, start: Floats, held: tuple[int, ...]) -> tuple[Floats, float]:
    free = [i for i in range(PARAMETERS) if i not in held]
    theta = start.copy()

    def objective(part: Floats) -> tuple[float, Floats]:
        theta[free] = part
        value, gradient = likelihood(theta)
        return value, gradient[free]

    limits = [(-FURTHEST, FURTHEST)] * 2 + [(0.0, 2 * WIDEST), (-2 * WIDEST, 2 * WIDEST), (0.0, 2 * WIDEST)]
    found = minimize(
        objective,
        theta[free],
        jac=True,
        method="L-BFGS-B",
        bounds=[limits[i] for i in free],
        options={"ftol": 1e-13, "gtol": 1e-6, "maxiter": 500},
    )
    theta[free] = found.x
    return theta.copy(), float(found.fun)


def _polish(likelihood: Laplace, theta: Floats, held: tuple[int, ...]) -> tuple[Floats, Floats | None]:
    """Newton on the outer parameters to the last digits; θ, and μ's covariance from the Hessian there."""
    free = [i for i in range(PARAMETERS) if i not in held]
    best, height = theta, likelihood(theta)[0]
    for _ in range(3):
        hessian = _hessian(likelihood, best, free)
        if np.linalg.eigvalsh(hessian).min() <= 1e-8:
            return best, None
        moved = best.copy()
        step = np.linalg.solve(hessian, likelihood(best)[1][free])
        moved[free] -= step
        reached = likelihood(moved)[0]
        if not reached <= height:
            break
        best, height = moved, reached
        if np.abs(step).max() < 1e-6:
            break
    whole = np.zeros((PARAMETERS, PARAMETERS))
    whole[np.ix_(free, free)] = np.linalg.inv(hessian)
    return best, whole[:2, :2]


def _hessian(likelihood: Laplace, theta: Floats, free: list[int]) -> Floats:
    rows = []
    for i in free:
        ahead, behind = theta.copy(), theta.copy()
        ahead[i] += STEP
        behind[i] -= STEP
        rows.append((likelihood(ahead)[1] - likelihood(behind)[1])[free] / (2 * STEP))
    hessian = np.array(rows)
    return (hessian + hessian.T) / 2
