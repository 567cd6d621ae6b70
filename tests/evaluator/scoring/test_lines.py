"""A mask laid out by lines, and the surface found on them, against a plain look at each neighbour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from evaluator.records import Grid
from evaluator.scoring.lines import BLOCK, Lines, lay_out
from evaluator.scoring.surfaces import surface
from evaluator.scoring.voxels import foreground
from tests.evaluator.scoring.shapes import Mask, Triple
from tests.phantoms import make_grid


def neighbour_by_neighbour(mask: Mask) -> list[int]:
    """Voxels with a face neighbour that is out, or outside the scan."""
    padded = np.pad(mask, 1)
    inner = mask.copy()
    for axis in range(3):
        for step in (-1, 1):
            inner &= np.roll(padded, step, axis)[1:-1, 1:-1, 1:-1]
    return np.flatnonzero((mask & ~inner).ravel(order="F")).tolist()


def unfolded(lines: Lines, grid: Grid) -> NDArray[np.uint8]:
    """The scan again, from its lines."""
    data = np.zeros(grid.shape, dtype=np.uint8)
    right = lines.left + lines.cells.shape[1]
    for j in range(grid.shape[1]):
        for k in range(grid.shape[2]):
            cells = lines.cells[lines.row[lines.margin + j + k * lines.pitch]]
            data[lines.left + 1 : right - 1, j, k] = cells[1:-1]
    return data


@settings(max_examples=150, deadline=None)
@given(st.tuples(*[st.integers(1, 9)] * 3), st.sampled_from([0.02, 0.3, 0.7, 0.95, 1.0]), st.integers(0, 2**32))
def test_lines_hold_the_mask_and_the_surface_is_what_has_an_open_face(shape: Triple, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < share
    mask.flat[rng.integers(mask.size)] = True
    grid, flat = make_grid(shape), foreground(mask)
    lines = lay_out(flat, grid)
    assert (unfolded(lines, grid) == mask).all()
    assert not lines.cells[0].any()
    assert not lines.cells[:, [0, -1]].any()
    assert surface(flat, grid).tolist() == neighbour_by_neighbour(mask)


def test_the_line_before_the_first_after_the_last_and_between_slices_is_empty() -> None:
    grid = make_grid((4, 3, 2))
    lines = lay_out(foreground(np.ones(grid.shape, dtype=bool)), grid)
    assert lines.cells.shape == (1 + 6, 4 + 2)
    held = [lines.margin + j + 4 * k for k in range(2) for j in range(3)]
    assert np.flatnonzero(lines.row).tolist() == held
    assert min(held) - lines.pitch >= 0
    assert max(held) + lines.pitch < len(lines.row)


def test_a_line_is_as_wide_as_the_mask_not_as_the_scan() -> None:
    grid = make_grid((500, 9, 9))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[300:310, 4, 4] = mask[305, 8, 8] = True
    lines = lay_out(foreground(mask), grid)
    assert (lines.cells.shape, lines.left) == ((3, 12), 299)
    assert surface(foreground(mask), grid).tolist() == neighbour_by_neighbour(mask)


@pytest.mark.parametrize("shape", [(BLOCK + 9, 3, 3), (3, 700, 400), (130, 130, 130)])
def test_masks_of_many_blocks_and_lines_longer_than_one_have_their_surface(shape: Triple) -> None:
    mask = ndimage.binary_dilation(np.random.default_rng(9).random(shape) < 0.02)
    flat, grid = foreground(mask), make_grid(shape)
    lines = lay_out(flat, grid)
    assert len(list(lines.blocks(np.flatnonzero(lines.row)))) > 1
    assert surface(flat, grid).tolist() == neighbour_by_neighbour(mask)


def test_nothing_has_no_surface() -> None:
    assert surface(np.zeros(0, dtype=np.int32), make_grid()).tolist() == []
