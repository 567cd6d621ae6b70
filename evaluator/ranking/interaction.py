"""Whether the models' differences depend on the group: a permutation test of the interaction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.ranking.panel import Floats
from evaluator.ranking.strata import Strata
from evaluator.ranking.tau import tau_b

RANDOM_GROUPS = 1000
ROUNDING = 1e-9  # a permutation that gives the same sums counts as the same Q


@dataclass(frozen=True, kw_only=True, eq=False)
class Interaction:
    """Q with its p, and τ-b of each group against the rest with that of random groups, (random groups, groups)."""

    statistic: float
    p: float | None
    tau: Floats
    tau_null: Floats


def q_statistic(theta: Floats, counts: NDArray[np.int64], weights: Floats) -> Floats:
    """Q = Σ_g Σ_m (double-centred θ)² / (Σ_kinds w²/n), of θ (…, groups, models): (…,).

    θ is centred over models, and over groups about the mean with the same weights 1/(Σ w²/n), so that a small group's
    noise is not carried into the large ones.
    """
    precision = 1 / (weights[:, None] ** 2 / counts).sum(axis=0)
    apart = theta - theta.mean(axis=-1, keepdims=True)
    centre = (apart * precision[:, None]).sum(axis=-2, keepdims=True) / precision.sum()
    return np.asarray((((apart - centre) ** 2).sum(axis=-1) * precision).sum(axis=-1))


def interact(strata: Strata, *, permutations: int, rng: np.random.Generator) -> Interaction:
    """Test whether the differences between models are the same in every group.

    Parameters
    ----------
    strata : Strata
        Two groups and two models at least.
    permutations : int
        2,000 or more for what counts; the first 1,000 are the random groups of the same make-up.
    rng : numpy.random.Generator
        Deals the labels.

    Returns
    -------
    Interaction
        ``p`` is None where no label can be exchanged.

    References
    ----------
    Phipson B, Smyth GK. Permutation p-values should never be zero. Stat Appl Genet Mol Biol 2010;9:39.
    Kendall MG. The treatment of ties in ranking problems. Biometrika 1945;33:239–251 (τ-b).
    """
    sums = strata.sums()
    theta = strata.scores(sums)
    observed = float(q_statistic(theta, strata.counts, strata.weights))
    tau = tau_b(theta, strata.rest_scores(sums))
    if not strata.separable:
        return Interaction(statistic=observed, p=None, tau=tau, tau_null=np.empty((0, len(tau))))
    beyond, null = 0, []
    seen = 0
    for piece in strata.permuted_sums(times=permutations, rng=rng):
        dealt = strata.scores(piece)
        q = q_statistic(dealt, strata.counts, strata.weights)
        beyond += int((q >= observed * (1 - ROUNDING)).sum())
        wanted = RANDOM_GROUPS - seen
        if wanted > 0:
            null.append(tau_b(dealt[:wanted], strata.rest_scores(piece[:wanted])))
        seen += len(piece)
    p = (1 + beyond) / (permutations + 1)
    return Interaction(statistic=observed, p=p, tau=tau, tau_null=np.concatenate(null))
