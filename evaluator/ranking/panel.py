"""Who answered what: the outcome matrix of each hospital × truth cell, and the scores that follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Scores this near are the same score: sums in another order must not make a rank.
SAME = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """Patients of one hospital (and, where truth stratifies, one truth) that are redrawn together."""

    hospital: str
    group: str  # whose answers are pooled with it where every patient has one vote
    weight: float  # what the cell's mean counts in the hospital's θ
    answers: Floats  # (patients, models)

    @property
    def patients(self) -> int:
        return int(self.answers.shape[0])


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """θ(m, h) = offset + Σ over the hospital's cells of weight × mean answer."""

    models: tuple[str, ...]
    hospitals: tuple[str, ...]
    cells: tuple[Cell, ...]
    offset: float
    pooled_weights: dict[str, float]  # by group
    cases: dict[str, int]
    statistic: str

    def at(self, hospital: str) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.hospital == hospital)

    def patients(self, hospital: str) -> int:
        return sum(cell.patients for cell in self.at(hospital))

    def only(self, models: Sequence[str]) -> Panel:
        """The same panel with these models."""
        columns = [self.models.index(model) for model in models]
        cells = tuple(replace(cell, answers=cell.answers[:, columns]) for cell in self.cells)
        return replace(self, models=tuple(models), cells=cells)

    def scores(self) -> Floats:
        """θ, shape (hospitals, models)."""
        row = {hospital: index for index, hospital in enumerate(self.hospitals)}
        theta = np.full((len(self.hospitals), len(self.models)), self.offset)
        for cell in self.cells:
            theta[row[cell.hospital]] += cell.weight * cell.answers.mean(axis=0)
        return theta

    def scores_by_patients(self) -> Floats:
        """θ with the hospitals thrown together, every patient one vote; shape (models,)."""
        total = np.full(len(self.models), self.offset)
        for group, weight in self.pooled_weights.items():
            answers = np.concatenate([cell.answers for cell in self.cells if cell.group == group])
            total += weight * answers.mean(axis=0)
        return total


def ranks(scores: Floats) -> NDArray[np.int_]:
    """1 + how many score higher by more than rounding; equals share the better rank."""
    higher = scores[None, :] > scores[:, None] + SAME
    return np.asarray(1 + higher.sum(axis=1))
