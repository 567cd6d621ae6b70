"""The Ladder: what a public score may tell of a test set that is asked again and again."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

VERSION = "ladder/1"


@dataclass(frozen=True, kw_only=True, eq=False)
class Ladder:
    """The best that one team has been shown, with the losses behind it. A new one has been shown nothing."""

    shown: float | None = None
    losses: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Rung:
    """What a submission changed. ``step`` is by how much it had to be better; None for the first."""

    ladder: Ladder
    accepted: bool
    shown: float
    step: float | None
    cases: int
    version: str = VERSION

    @property
    def sentence(self) -> str:
        """What it says, for people; it tells no more than the score shown."""
        if self.accepted:
            return f"Loss {self.shown:.4f} on {self.cases} cases."
        return f"Not better than before beyond chance: the loss shown stays {self.shown:.4f} ({self.cases} cases)."


def climb(ladder: Ladder, losses: ArrayLike) -> Rung:
    """Show a submission's mean loss if it is better than the best shown by more than chance, else the best again.

    Parameters
    ----------
    ladder : Ladder
        What the team has been shown so far.
    losses : array_like of float, shape (cases,)
        Of every case of the test set, in one order, from 0 (right) on.

    Returns
    -------
    Rung
        Better means: mean below the one shown by more than s/√n, s the standard deviation of the differences of the
        losses, case by case. What is shown is rounded to 1/n.

    Raises
    ------
    ValueError
        No case, a loss that is not a number of 0 or more, or another number of cases than before.

    References
    ----------
    Blum A, Hardt M. The Ladder: a reliable leaderboard for machine learning competitions. ICML 2015, algorithm 2 (no
    parameter).
    """
    given = np.asarray(losses, dtype=float)
    if given.ndim != 1 or not len(given) or not np.isfinite(given).all() or (given < 0).any():
        raise ValueError("Losses are a vector of numbers of 0 or more, one a case.")
    n, mean = len(given), float(given.mean())
    rounded = round(mean * n) / n
    if ladder.shown is None:
        return Rung(ladder=Ladder(shown=rounded, losses=given), accepted=True, shown=rounded, step=None, cases=n)
    if len(ladder.losses) != n:
        raise ValueError(f"The team was shown a loss on {len(ladder.losses)} cases before; these are {n}.")
    step = float(np.std(given - ladder.losses, ddof=1)) / math.sqrt(n) if n > 1 else math.inf
    if mean < ladder.shown - step:
        return Rung(ladder=Ladder(shown=rounded, losses=given), accepted=True, shown=rounded, step=step, cases=n)
    return Rung(ladder=ladder, accepted=False, shown=ladder.shown, step=step, cases=n)
