"""Foreground voxels of a volume as lists: everything after this costs what is marked, however large the scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Grid, Volume

Flat = NDArray[np.int32]
"""Fortran indices of a mask's voxels, ascending; `volumes.LARGEST_VOXELS` keeps them within 32 bits."""

CHUNK = 2**22  # a mask may fill the scan; its coordinates are never all in memory at once
_BLOCK = 4096  # bytes that are looked at as one: most of a scan is background


def foreground(data: NDArray[Any]) -> Flat:
    """Voxels that are not zero, of an array indexed ``[i, j, k]``."""
    line = np.ascontiguousarray(data.T.reshape(-1))  # of a view that steps, the line still steps
    size = _BLOCK // line.itemsize
    blocks = line[: len(line) // size * size].reshape(-1, size)
    busy = np.flatnonzero(np.bitwise_or.reduce(blocks.view(np.uint64), axis=1))
    found = [np.zeros(0, dtype=np.int32)]
    for some in chunks(busy, CHUNK // size):
        within = np.flatnonzero(blocks[some].reshape(-1) != 0)
        found.append((some[within // size] * size + within % size).astype(np.int32))
    found.append((np.flatnonzero(line[blocks.size :] != 0) + blocks.size).astype(np.int32))
    return np.concatenate(found)


def chunks(array: NDArray[Any], size: int = CHUNK) -> Iterator[NDArray[Any]]:
    for start in range(0, len(array), size):
        yield array[start : start + size]


def values_at(flat: Flat, volume: Volume) -> NDArray[Any]:
    return volume.data.T.reshape(-1)[flat]


def locate(needles: Flat, haystack: Flat) -> NDArray[np.intp]:
    """Position of each voxel of one mask in another, -1 where it is not there."""
    if not len(haystack):
        return np.full(len(needles), -1, dtype=np.intp)
    found = np.minimum(np.searchsorted(haystack, needles), len(haystack) - 1)
    return np.where(haystack[found] == needles, found, -1)


def voxel_indices(flat: Flat, grid: Grid) -> NDArray[np.int32]:
    """Voxels as ``[i, j, k]``, shape (n, 3)."""
    columns, rows, _ = grid.shape
    indices = np.empty((len(flat), 3), dtype=np.int32, order="F")
    line = flat // columns
    indices[:, 0] = flat - line * columns
    indices[:, 2] = line // rows
    indices[:, 1] = line - indices[:, 2] * rows
    return indices


def to_world(indices: NDArray[Any], grid: Grid) -> NDArray[np.float64]:
    """Voxel indices, shape (n, 3), as RAS millimetres."""
    points: NDArray[np.float64] = indices @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    return points
