"""Who answered what: the outcome matrix of each hospital × truth cell, and the scores that follow from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

POSITIVE, NEGATIVE = "positive", "negative"  # groups of cells where truth counts in θ

# Scores this near are the same score: sums in another order must not make a rank.
SAME = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class Cell:
    """Patients of one hospital (and, where truth stratifies, one truth) that are redrawn together."""

    hospital: str
    group: str  # whose answers are pooled with it where every patient has one vote
    weight: float  # what the cell's mean counts in the hospital's θ
    answers: Floats  # (patients, models)
    labels: Mapping[str, Codes] = field(default_factory=dict)  # by attribute: each patient's group, −1 unknown

    @property
    def patients(self) -> int:
        return int(self.answers.shape[0])

    @property
    def is_binary(self) -> bool:
        """Whether every answer is 0 or 1, so that sums are whole numbers and exact in any order."""
        return bool(((self.answers == 0) | (self.answers == 1)).all())

    def in_order(self, *, by: str | None = None) -> Cell:
        """The same patients in the order of their answers (then of one attribute), so that no draw depends on names."""
        rows = np.ascontiguousarray(self.answers + 0.0)  # −0 is 0
        keys = np.packbits(rows == 1, axis=1) if self.is_binary else rows.view(np.uint8)
        if by is not None:
            last = np.ascontiguousarray(self.labels[by][:, None], dtype=">i8").view(np.uint8)
            keys = np.hstack([keys, last])
        order = np.argsort(np.ascontiguousarray(keys).view(f"V{keys.shape[1]}").ravel(), kind="stable")
        labels = {name: codes[order] for name, codes in self.labels.items()}
        return replace(self, answers=self.answers[order], labels=labels)


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
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by attribute, what its codes stand for
    limits: tuple[float, float] = (-np.inf, np.inf)  # no interval of θ reaches beyond

    def at(self, hospital: str) -> tuple[Cell, ...]:
        return tuple(cell for cell in self.cells if cell.hospital == hospital)

    def patients(self, hospital: str) -> int:
        return sum(cell.patients for cell in self.at(hospital))

    def only(self, models: Sequence[str]) -> Panel:
        """The same panel with these models."""
        columns = [self.models.index(model) for model in models]
        cells = tuple(replace(cell, answers=cell.answers[:, columns]) for cell in self.cells)
        return replace(self, models=tuple(models), cells=cells)

    def in_order(self, *, by: str | None = None) -> Panel:
        """The same panel, each cell's patients in the order of their answers."""
        return replace(self, cells=tuple(cell.in_order(by=by) for cell in self.cells))

    def scores(self) -> Floats:
        """θ, shape (hospitals, models)."""
        row = {hospital: index for index, hospital in enumerate(self.hospitals)}
        theta = np.full((len(self.hospitals), len(self.models)), self.offset)
        for cell in self.cells:
            theta[row[cell.hospital]] += cell.weight * cell.answers.mean(axis=0)
        return theta

    def mean_rates(self) -> Floats | None:
        """Mean sensitivity and specificity over hospitals, each one vote, (2, models); None of anything else."""
        if set(self.pooled_weights) != {POSITIVE, NEGATIVE} or not all(cell.is_binary for cell in self.cells):
            return None
        rates = np.zeros((2, len(self.models)))
        for cell in self.cells:
            rates[0 if cell.group == POSITIVE else 1] += cell.answers.mean(axis=0) / len(self.hospitals)
        return rates

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
