"""A box of voxels around a mask, with a margin of empty ones: neighbours are looked up without a look at the edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Grid
from evaluator.scoring.voxels import Flat, chunks, voxel_indices


@dataclass(frozen=True, kw_only=True, eq=False)
class Box:
    """Which voxels of a box are marked.

    Attributes
    ----------
    low : ndarray of int64, shape (3,)
        The grid's index of the box's first voxel; the margin may reach outside the grid.
    side : ndarray of int64, shape (3,)
        Voxels along each axis, margin included.
    marked : ndarray of bool, shape (side.prod(),)
    """

    grid: Grid
    low: NDArray[np.int64]
    side: NDArray[np.int64]
    marked: NDArray[np.bool_]

    @property
    def strides(self) -> NDArray[np.int64]:
        return np.array([1, self.side[0], self.side[0] * self.side[1]])

    def places(self, indices: NDArray[np.int32]) -> NDArray[np.int64]:
        """Where voxels lie in ``marked``; they must lie in the box."""
        place: NDArray[np.int64] = indices[:, 2] * self.strides[2]
        place += indices[:, 1] * self.strides[1]
        place += indices[:, 0]
        place -= self.low @ self.strides
        return place

    def holds(self, indices: NDArray[np.int32], *, reach: int) -> NDArray[np.bool_]:
        """Which voxels lie in the box, with all that is within ``reach`` voxels of them along each axis."""
        inside = np.ones(len(indices), dtype=bool)
        for axis in range(3):
            first = self.low[axis] + reach
            inside &= (indices[:, axis] >= first) & (indices[:, axis] < first + self.side[axis] - 2 * reach)
        return inside


def box_around(mask: Flat, grid: Grid, *, margin: int) -> Box:
    """The smallest box around a mask that is not empty, its voxels marked."""
    low, high = extent(mask, grid)
    side = high - low + 1 + 2 * margin
    box = Box(grid=grid, low=low - margin, side=side, marked=np.zeros(int(side.prod()), dtype=bool))
    for some in chunks(mask):
        box.marked[box.places(voxel_indices(some, grid))] = True
    return box


def extent(mask: Flat, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last voxel index along each axis of a mask that is not empty."""
    lows, highs = [], []
    for some in chunks(mask):
        indices = voxel_indices(some, grid)
        lows.append(indices.min(axis=0))
        highs.append(indices.max(axis=0))
    return np.min(lows, axis=0).astype(np.int64), np.max(highs, axis=0).astype(np.int64)
