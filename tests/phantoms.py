"""Volumes of boxes whose voxels a person can count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike

from evaluator.records import Grid, Prediction, Volume

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Box:
    """Voxels ``low`` to ``low + size - 1`` hold ``value``."""

    low: Triple
    size: Triple
    value: float = 1

    @property
    def voxels(self) -> int:
        return self.size[0] * self.size[1] * self.size[2]


def make_grid(
    shape: Triple = (24, 24, 12),
    spacing: Sequence[float] = (1.0, 1.0, 1.0),
    origin: Sequence[float] = (0.0, 0.0, 0.0),
) -> Grid:
    """A grid along the world's axes; a negative spacing flips its axis."""
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = origin
    return Grid(shape, affine)


def make_volume(*boxes: Box, grid: Grid | None = None, dtype: DTypeLike = np.uint8) -> Volume:
    """Boxes painted in order on zeros."""
    grid = grid or make_grid()
    data = np.zeros(grid.shape, dtype=dtype)
    for box in boxes:
        data[tuple(slice(low, low + size) for low, size in zip(box.low, box.size, strict=True))] = box.value
    return Volume(data, grid)


def make_prediction(*boxes: Box, grid: Grid | None = None, dtype: DTypeLike = np.uint8) -> Prediction:
    """A prediction of labels, or of a detection map where ``dtype`` is a float."""
    return Prediction(lesions=make_volume(*boxes, grid=grid, dtype=dtype))
