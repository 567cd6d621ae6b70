"""The longest diameters against every pair of voxels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import pdist

from evaluator.records import Grid
from evaluator.scoring.diameters import axial_axis, axial_diameter, diameter, farthest
from evaluator.scoring.voxels import foreground, to_world
from tests.evaluator.scoring.shapes import Mask, Triple, affines, spacings
from tests.phantoms import make_grid


def of_all_pairs(mask: Mask, grid: Grid) -> tuple[float, float]:
    """Axial and 3-D diameter, pair by pair; at least one voxel in the plane."""
    voxels, axial = np.argwhere(mask), axial_axis(grid)
    least = max(size for axis, size in enumerate(grid.spacing) if axis != axial)
    slices = [voxels[voxels[:, axial] == number] for number in np.unique(voxels[:, axial])]
    longest = [pdist(to_world(points, grid)).max(initial=least) for points in [*slices, voxels]]
    return float(max(longest[:-1])), float(longest[-1])


def turned(affine: NDArray[np.float64], axial: int) -> NDArray[np.float64]:
    """The same voxel sizes with the feet-to-head direction along another axis of the array."""
    order = [0, 1]
    order.insert(axial, 2)
    return affine[:, [*order, 3]]


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(*[st.integers(1, 10)] * 3),
    spacings(),
    st.sampled_from([0, 1, 2]),
    st.sampled_from([0.02, 0.1, 0.5, 0.95]),
    st.integers(0, 2**32),
)
def test_diameters_are_those_of_all_pairs_whichever_axis_runs_to_the_head(
    shape: Triple, spacing: Triple, axial: int, share: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    grid, mask = Grid(shape, turned(np.diag([*spacing, 1.0]), axial)), rng.random(shape) < share
    mask.flat[rng.integers(mask.size)] = True
    assert axial_axis(grid) == axial
    found = (axial_diameter(foreground(mask), grid), diameter(foreground(mask), grid))
    assert found == pytest.approx(of_all_pairs(mask, grid), rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.integers(1, 8)] * 3), affines(), st.integers(0, 2**32))
def test_on_oblique_and_sheared_grids_too(shape: Triple, affine: NDArray[np.float64], seed: int) -> None:
    rng = np.random.default_rng(seed)
    grid, mask = Grid(shape, affine), rng.random(shape) < rng.random()
    mask.flat[rng.integers(mask.size)] = True
    found = (axial_diameter(foreground(mask), grid), diameter(foreground(mask), grid))
    assert found == pytest.approx(of_all_pairs(mask, grid), rel=1e-9)


def test_a_slanted_object_stored_slice_axis_first_is_measured_in_its_slices() -> None:
    # Two columns along the first axis, which runs to the head, from slice 3 to 7 and from 5 to 9; 7 mm apart.
    grid = Grid((12, 12, 3), turned(np.eye(4), 0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[3:8, 2, 1] = mask[5:10, 9, 1] = True  # only the slices 5 to 7 hold both, and no column ends twice in one
    assert axial_diameter(foreground(mask), grid) == 7.0
    assert diameter(foreground(mask), grid) == math.hypot(7, 6)


@pytest.mark.parametrize("size", [(1, 1, 1), (40, 1, 1), (1, 40, 1), (1, 1, 40), (30, 30, 1), (30, 1, 30), (1, 30, 30)])
def test_one_voxel_a_line_and_a_sheet_have_diameters(size: Triple) -> None:
    spacing = (0.7, 0.9, 2.5)
    grid = make_grid((40, 40, 40), spacing)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[: size[0], : size[1], : size[2]] = True
    sides = [(length - 1) * mm for length, mm in zip(size, spacing, strict=True)]
    assert axial_diameter(foreground(mask), grid) == pytest.approx(max(math.hypot(*sides[:2]), 0.9), rel=1e-12)
    assert diameter(foreground(mask), grid) == pytest.approx(max(math.hypot(*sides), 0.9), rel=1e-12)


def test_many_points_on_a_slanted_line_or_plane_have_their_farthest_pair() -> None:
    rng = np.random.default_rng(8)
    for dimensions in (1, 2, 3):
        for _ in range(20):
            directions = rng.normal(size=(dimensions, 3))
            points = rng.uniform(-1, 1, (300, dimensions)) @ directions * 40 + rng.uniform(-500, 500, 3)
            assert farthest(points) == pytest.approx(pdist(points).max(), rel=1e-9)


def test_one_point_is_no_distance_long() -> None:
    assert farthest(np.array([[3.0, 4.0, 5.0]])) == 0.0


@pytest.mark.parametrize("spacing", [(0.7, 0.7, 1.5), (0.5, 0.5, 4.0)])
def test_a_large_ball_is_as_long_as_its_farthest_voxels(spacing: Triple) -> None:
    grid = make_grid((60, 60, 30), spacing)
    points = (np.moveaxis(np.indices(grid.shape), 0, -1) - [29.5, 29.5, 14.5]) * spacing
    ball = (points**2).sum(axis=-1) <= 14.0**2
    assert diameter(foreground(ball), grid) == pytest.approx(farthest_by_axis(points[ball]), rel=1e-9)


def farthest_by_axis(points: NDArray[np.float64]) -> float:
    """Of a set that is its own mirror image through 0, the farthest pair are opposite points."""
    return 2 * float(np.linalg.norm(points, axis=1).max())
