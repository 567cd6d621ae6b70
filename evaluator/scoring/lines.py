"""A mask laid out along the lines of voxels it touches, each no longer than its width: far specks cost a line each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Grid
from evaluator.scoring.voxels import Flat, chunks

BLOCK = 2**18  # cells worked on at a time: what a core's own cache holds


@dataclass(frozen=True, kw_only=True, eq=False)
class Lines:
    """A mask that is not empty.

    Lines run along the first axis. They are numbered along the second and then the third, with one empty line after
    each slice and `margin` before the first, so that a line's neighbours never lie on the other side of the scan.

    Attributes
    ----------
    cells : ndarray of uint8, shape (lines + 1, width)
        1 for a voxel of the mask. The first row is empty and stands for every line that the mask does not touch; the
        first and the last column are empty.
    left : int
        The voxel index along the first axis of the first column, -1 or more.
    row : ndarray of int64
        The row of each line.
    margin : int
    pitch : int
        Lines from a slice to the next.
    """

    cells: NDArray[np.uint8]
    left: int
    row: NDArray[np.int64]
    margin: int
    pitch: int

    def blocks(self, lines: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
        yield from chunks(lines, max(1, BLOCK // self.cells.shape[1]))


def lay_out(mask: Flat, grid: Grid) -> Lines:
    rows, slices = grid.shape[1], grid.shape[2]
    pitch = rows + 1
    margin = pitch + 1
    held = np.zeros(margin + pitch * slices + margin, dtype=bool)
    left, right = grid.shape[0], 0
    for line, column in _lines_and_columns(mask, grid):
        held[line + margin] = True
        left, right = min(left, int(column.min())), max(right, int(column.max()))
    numbers = np.flatnonzero(held)
    row = np.zeros(len(held), dtype=np.int64)
    row[numbers] = np.arange(1, len(numbers) + 1)
    width = right - left + 3
    cells = np.zeros((len(numbers) + 1) * width, dtype=np.uint8)
    for line, column in _lines_and_columns(mask, grid):
        cells[row[line + margin] * width + (column - left + 1)] = 1
    return Lines(cells=cells.reshape(-1, width), left=left - 1, row=row, margin=margin, pitch=pitch)


def _lines_and_columns(mask: Flat, grid: Grid) -> Iterator[tuple[Flat, Flat]]:
    """The line of each voxel, margin apart, and its place there, some voxels at a time."""
    columns, rows, _ = grid.shape
    for part in chunks(mask):
        line = part // columns
        yield line + line // rows, part - line * columns
