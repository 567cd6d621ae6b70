"""Voxels in a row as one run: neighbours are found between runs, so that cost follows neither voxels nor scan."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from evaluator.records import Grid
from evaluator.scoring.voxels import Flat

Connectivity = Literal[6, 18, 26]
CONNECTIVITIES: tuple[Connectivity, ...] = get_args(Connectivity)

_FORWARD = ((1, 0), (-1, 1), (0, 1), (1, 1))  # rows (j, k) to link with; the others link with this one
_MOST_STEPS = {6: 1, 18: 2, 26: 3}  # axes along which a neighbour may lie a step away


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """Rows of voxels along the first axis, shapes (n,): where each starts in the list, its first voxel, its length."""

    starts: NDArray[np.intp]
    first: Flat
    length: NDArray[np.int64]

    @property
    def last(self) -> Flat:
        return (self.first + self.length - 1).astype(np.int32)


def find_runs(flat: Flat, grid: Grid, owner: NDArray[np.int32] | None = None) -> Runs:
    """The longest rows there are, each within one object where ``owner`` says which object a voxel belongs to."""
    begins = np.ones(len(flat), dtype=bool)
    begins[1:] = np.diff(flat) != 1
    begins |= flat % grid.shape[0] == 0
    if owner is not None:
        begins[1:] |= np.diff(owner) != 0
    starts = np.flatnonzero(begins)
    return Runs(starts=starts, first=flat[starts], length=np.diff(starts, append=len(flat)))


def join_runs(runs: Runs, grid: Grid, *, connectivity: Connectivity = 26) -> NDArray[np.int32]:
    """Which connected component each run belongs to, numbered from 0 in the order of their first runs."""
    columns, rows, slices = grid.shape
    line = runs.first // columns
    j, k = line % rows, line // rows
    # Rows of the scan laid end to end with two voxels between them: a run's reach ends before the next row.
    low = line.astype(np.int64) * (columns + 2) + runs.first % columns
    high = low + runs.length - 1
    ones, others = [np.zeros(0, dtype=np.intp)], [np.zeros(0, dtype=np.intp)]
    for dj, dk in _FORWARD:
        left = _MOST_STEPS[connectivity] - abs(dj) - dk
        if left < 0:
            continue
        reach, shift = min(left, 1), (dj + dk * rows) * (columns + 2)
        inside = np.flatnonzero((j + dj >= 0) & (j + dj < rows) & (k + dk < slices))
        begin = np.searchsorted(high, low[inside] + shift - reach)
        count = np.searchsorted(low, high[inside] + shift + reach, side="right") - begin
        ones.append(np.repeat(inside, count))
        others.append(np.repeat(begin - np.cumsum(count) + count, count) + np.arange(count.sum()))
    a, b = np.concatenate(ones), np.concatenate(others)
    graph = coo_array((np.ones(len(a), dtype=bool), (a, b)), shape=(len(low), len(low)))
    return in_order(connected_components(graph, directed=False)[1])


def in_order(labels: NDArray[np.integer]) -> NDArray[np.int32]:
    """The same partition, numbered from 0 in the order of first occurrence."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int32)
    place[np.argsort(first)] = np.arange(len(first), dtype=np.int32)
    return place[inverse]


def spread(begin: NDArray[np.int64], count: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ranges written out: which range each element is of, and ``begin``, ``begin + 1``, … within it."""
    which = np.repeat(np.arange(len(count)), count)
    return which, np.arange(len(which)) + (begin - np.cumsum(count) + count)[which]
