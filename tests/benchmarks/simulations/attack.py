"""A team that learns the test set from its public scores: how far it gets with the Ladder, and without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.statistics.ladder import Ladder, climb

CASES, SUBMISSIONS = 1_000, 1_000


@dataclass(frozen=True, kw_only=True)
class Attack:
    """Gains are how far below one half, what guessing is worth, the last public loss lies; the truth stays one half."""

    submissions: int
    cases: int
    without: float
    ladder: float
    bound: float


def boosting(rng: np.random.Generator, *, cases: int = CASES, submissions: int = SUBMISSIONS) -> Attack:
    """Blum and Hardt's attack: random answers, then the majority of those whose score looked better than guessing."""
    truth = rng.integers(0, 2, cases)
    guesses = rng.integers(0, 2, (submissions - 1, cases))
    losses = (guesses != truth).astype(float)
    exact = losses.mean(axis=1)
    told, ladder = [], Ladder()
    for loss in losses:
        rung = climb(ladder, loss)
        ladder = rung.ladder
        told.append(rung.shown if rung.accepted else 0.5)  # what is shown again tells nothing of this one
    last = climb(ladder, _majority(guesses, np.array(told), truth))
    return Attack(
        submissions=submissions,
        cases=cases,
        without=0.5 - float(_majority(guesses, exact, truth).mean()),
        ladder=0.5 - last.shown,
        # Theorem 3.1 with its constant 1: the error is at most of the order of (log(k n)/n)^(1/3).
        bound=float((np.log(submissions * cases) / cases) ** (1 / 3)),
    )


def _majority(guesses: NDArray[np.int_], scores: NDArray[np.float64], truth: NDArray[np.int_]) -> NDArray[np.float64]:
    """Losses of the vote of those that looked better than one half, the others turned round."""
    sign = np.sign(0.5 - scores)
    votes = (sign[:, None] * (2 * guesses - 1)).sum(axis=0)
    return np.asarray((votes > 0).astype(int) != truth, dtype=np.float64)
