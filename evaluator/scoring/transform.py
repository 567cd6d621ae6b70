"""Distances by a transform of the whole box: its cost follows the box, whatever lies in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from evaluator.records import Grid
from evaluator.scoring.boxes import extent
from evaluator.scoring.voxels import CHUNK, Flat, chunks, voxel_indices

_ROUNDING = 1e-6  # cosine between axes, as a header's float32 leaves it


def right_angled(grid: Grid) -> bool:
    """Whether the grid's axes are at right angles, as a transform needs them; flips and turns do no harm."""
    axes = grid.affine[:3, :3] / grid.spacing
    return bool(np.abs(axes.T @ axes - np.eye(3)).max() < _ROUNDING)


def transformed(queries: Flat, targets: Flat, grid: Grid) -> NDArray[np.float64]:
    """Distance from each query to the nearest target in mm, neither of them empty, on a grid of right angles.

    Takes 13 bytes and about 0.1 µs a voxel of the box around both.
    """
    ends = np.array([extent(flat, grid) for flat in (queries, targets)])
    low, high = ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)
    side = high - low + 1
    strides = np.array([1, side[0], side[0] * side[1]])
    empty = np.ones(side.prod(), dtype=bool)
    for some in chunks(targets):
        empty[(voxel_indices(some, grid) - low) @ strides] = False
    nearest = distance_transform_edt(
        empty.reshape(side[::-1]), sampling=grid.spacing[::-1], return_distances=False, return_indices=True
    ).reshape(3, -1)[::-1]
    distances = np.empty(len(queries))
    for start in range(0, len(queries), CHUNK):
        indices = voxel_indices(queries[start : start + CHUNK], grid) - low
        offsets = indices.T - nearest[:, indices @ strides]
        distances[start : start + CHUNK] = np.linalg.norm(grid.affine[:3, :3] @ offsets, axis=0)
    return distances
