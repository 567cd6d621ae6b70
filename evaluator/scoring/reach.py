"""Which findings have their centre within some millimetres of a lesion."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Grid
from evaluator.scoring.objects import Objects
from evaluator.scoring.runs import Runs, spread
from evaluator.scoring.voxels import voxel_indices

Whole = NDArray[np.int64]

_AT_ONCE = 2**20  # runs beside centres: the distances in memory at one time


@dataclass(frozen=True, kw_only=True, eq=False)
class _Lesions:
    """Runs sorted by lesion, then slice and line; ``first`` and ``last`` are their ends on the first axis."""

    first: Whole
    last: Whole
    j: Whole
    k: Whole
    owner: Whole
    grid: Grid


def within_reach(lesions: Objects, runs: Runs, findings: Objects, *, reach: float) -> tuple[Whole, Whole]:
    """Positions of the lesions and findings whose centre lies within ``reach`` of a voxel centre of the lesion.

    Parameters
    ----------
    lesions, findings : Objects
        Objects on one grid.
    runs : Runs
        The lesions'.
    reach : float
        In mm.
    """
    rows = _sort(lesions, runs)
    inverse = np.linalg.inv(lesions.grid.affine)
    centres = findings.centres_mm @ inverse[:3, :3].T + inverse[:3, 3]
    # A ball of this radius reaches so many voxels along each axis, however the grid is turned.
    margins = reach * np.linalg.norm(inverse[:3, :3], axis=1) + 1e-6
    lesion, finding = _in_boxes(rows, len(lesions.ids), centres, margins)
    near = np.zeros(len(lesion), dtype=bool)
    slices = rows.owner * lesions.grid.shape[2] + rows.k
    begin = np.searchsorted(slices, _slice(lesion, centres[finding, 2] - margins[2], lesions.grid))
    end = np.searchsorted(slices, _slice(lesion, centres[finding, 2] + margins[2], lesions.grid), side="right")
    for some in _portions(end - begin):
        pair, row = spread(begin[some], (end - begin)[some])
        squares = _squares(rows, row, centres[finding[some]][pair])
        near[some.start + pair[squares <= reach**2]] = True
    return lesion[near], finding[near]


def _sort(lesions: Objects, runs: Runs) -> _Lesions:
    owner = lesions.owner[runs.starts].astype(np.int64)
    order = np.argsort(owner, kind="stable")
    i, j, k = voxel_indices(runs.first[order], lesions.grid).T.astype(np.int64)
    return _Lesions(first=i, last=i + runs.length[order] - 1, j=j, k=k, owner=owner[order], grid=lesions.grid)


def _in_boxes(
    rows: _Lesions, lesions: int, centres: NDArray[np.float64], margins: NDArray[np.float64]
) -> tuple[Whole, Whole]:
    """Lesions and findings, by position, where the centre lies in the lesion's box widened by the margins."""
    begins = np.searchsorted(rows.owner, np.arange(lesions))
    ends = ((rows.first, rows.last), (rows.j, rows.j), (rows.k, rows.k))
    low = [np.minimum.reduceat(least, begins) - margin for (least, _), margin in zip(ends, margins, strict=True)]
    high = [np.maximum.reduceat(most, begins) + margin for (_, most), margin in zip(ends, margins, strict=True)]
    order = np.argsort(centres[:, 2])
    begin = np.searchsorted(centres[order, 2], low[2])
    lesion, place = spread(begin, np.searchsorted(centres[order, 2], high[2], side="right") - begin)
    finding = order[place]
    for axis in range(2):
        along = centres[finding, axis]
        inside = (along >= low[axis][lesion]) & (along <= high[axis][lesion])
        lesion, finding = lesion[inside], finding[inside]
    return lesion, finding


def _slice(lesion: Whole, k: NDArray[np.float64], grid: Grid) -> Whole:
    """The slice as a key within its lesion; beyond the scan it is the scan's first or last."""
    return lesion * grid.shape[2] + np.clip(np.rint(k), 0, grid.shape[2] - 1).astype(np.int64)


def _portions(counts: Whole) -> list[slice]:
    """Consecutive pairs whose runs fit in memory at one time; a single pair may exceed it."""
    portion = np.cumsum(counts) // _AT_ONCE
    edges = np.flatnonzero(np.diff(portion, prepend=-1)).tolist()
    return [slice(start, stop) for start, stop in pairwise([*edges, len(counts)])]


def _squares(rows: _Lesions, row: Whole, centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared distance in mm of each centre, given as voxel indices, to the nearest voxel centre of its run."""
    along, across = rows.grid.affine[:3, 0], rows.grid.affine[:3, 1:3]
    j, k = rows.j[row] - centres[:, 1], rows.k[row] - centres[:, 2]
    shift = across.T @ along / (along @ along)
    i = np.clip(np.rint(centres[:, 0] - shift[0] * j - shift[1] * k), rows.first[row], rows.last[row]) - centres[:, 0]
    squares = np.zeros(len(row))
    for axis in range(3):
        squares += (along[axis] * i + across[axis, 0] * j + across[axis, 1] * k) ** 2
    return squares
