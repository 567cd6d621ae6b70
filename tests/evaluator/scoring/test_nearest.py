"""`nearest` against brute force: no nearer target is ever missed, however the query is answered."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from evaluator.records import Grid
from evaluator.scoring.nearest import nearest
from evaluator.scoring.voxels import Flat, foreground, to_world, voxel_indices
from tests.evaluator.scoring.shapes import Triple, affines
from tests.phantoms import make_grid

SHEARED = np.array([[0.9, 0.5, -0.2, 3.0], [-0.1, 0.8, 1.9, -70.0], [0.2, 0.1, 2.6, 9.0], [0.0, 0.0, 0.0, 1.0]])


def brute_force(queries: Flat, targets: Flat, grid: Grid) -> NDArray[np.float64]:
    ours, theirs = (to_world(voxel_indices(flat, grid), grid) for flat in (queries, targets))
    parts = np.array_split(ours, 1 + len(ours) * len(theirs) // 2**23)
    return np.concatenate([cdist(part, theirs).min(axis=1) for part in parts])


def some(rng: np.random.Generator, count: int, grid: Grid) -> Flat:
    return np.sort(rng.choice(math.prod(grid.shape), count, replace=False)).astype(np.int32)


def everything(grid: Grid) -> Flat:
    return np.arange(math.prod(grid.shape), dtype=np.int32)


@settings(max_examples=80, deadline=None)
@given(st.tuples(*[st.integers(1, 24)] * 3), affines(), st.integers(1, 400), st.integers(1, 400), st.integers(0, 2**32))
def test_no_nearer_target_is_missed_on_any_grid(
    shape: Triple, affine: NDArray[np.float64], queries: int, targets: int, seed: int
) -> None:
    grid, rng = Grid(shape, affine), np.random.default_rng(seed)
    ours, theirs = (some(rng, min(count, math.prod(shape)), grid) for count in (queries, targets))
    assert nearest(ours, theirs, grid) == pytest.approx(brute_force(ours, theirs, grid), rel=1e-9, abs=1e-9)


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(*[st.integers(1, 24)] * 3),
    affines(),
    st.integers(1, 40),
    st.floats(0.1, 30.0),
    st.integers(0, 2**32),
)
def test_a_search_up_to_a_distance_misses_nothing_within_it(
    shape: Triple, affine: NDArray[np.float64], targets: int, upto: float, seed: int
) -> None:
    grid, rng = Grid(shape, affine), np.random.default_rng(seed)
    ours, theirs = everything(grid), some(rng, min(targets, math.prod(shape)), grid)
    expected = brute_force(ours, theirs, grid)
    found = nearest(ours, theirs, grid, upto=upto)
    within = expected <= upto * (1 - 1e-9)
    assert found[within] == pytest.approx(expected[within], rel=1e-9, abs=1e-9)
    assert (found[~within] >= upto * (1 - 1e-6)).all()


@pytest.mark.parametrize("upto", [0.9, 1.0, 2.0, 2.2, 2.3, 5.0, math.inf])
def test_whoever_lies_outside_the_targets_box_is_looked_for_too(upto: float) -> None:
    grid = make_grid()
    target, others = one(grid, (10, 10, 6)), np.array([one(grid, (10 + away, 10, 6))[0] for away in range(10)])
    found = nearest(others, target, grid, upto=upto)
    expected = np.arange(10.0)
    assert found[expected <= upto].tolist() == expected[expected <= upto].tolist()
    assert (found[expected > upto] > upto).all()


def one(grid: Grid, voxel: Triple) -> Flat:
    return np.array([np.ravel_multi_index(voxel, grid.shape, order="F")], dtype=np.int32)


def test_those_near_are_told_from_those_far_however_many() -> None:
    grid = make_grid((200, 9, 9))
    target = one(grid, (4, 4, 4))
    for count in (1, 63, 64, 65, 300):
        near = [one(grid, (4, 4, k))[0] for k in range(9)]
        far = np.sort(np.concatenate([near, everything(grid)[-count:]])).astype(np.int32)
        assert nearest(far, target, grid) == pytest.approx(brute_force(far, target, grid), rel=1e-12)


@pytest.mark.parametrize("affine", [np.diag([0.7, 0.7, 5.6, 1.0]), SHEARED], ids=["1:8", "sheared"])
def test_targets_in_all_corners_of_the_grid_are_found_from_everywhere(affine: NDArray[np.float64]) -> None:
    grid = Grid((23, 17, 13), affine)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[np.ix_([0, -1], [0, -1], [0, -1])] = True
    corners = foreground(mask)
    assert nearest(everything(grid), corners, grid) == pytest.approx(
        brute_force(everything(grid), corners, grid), rel=1e-12, abs=1e-12
    )


def test_far_specks_are_found_across_the_largest_scan() -> None:
    grid = make_grid((512, 512, 4096), spacing=(0.7, 0.7, 0.5))
    speck, other = one(grid, (511, 511, 4095)), one(grid, (0, 0, 0))
    apart = math.sqrt((511 * 0.7) ** 2 * 2 + (4095 * 0.5) ** 2)
    assert nearest(other, speck, grid).tolist() == [pytest.approx(apart, rel=1e-12)]
    assert nearest(speck, speck, grid).tolist() == [0.0]
    assert np.isinf(nearest(other, speck, grid, upto=2000.0)).all()


def test_inside_a_large_hollow_surface_the_nearest_wall_is_found() -> None:
    grid = make_grid((64, 64, 64), spacing=(0.8, 0.8, 1.1))
    points = np.moveaxis(np.indices(grid.shape), 0, -1) - 31.5
    radius = np.linalg.norm(points, axis=-1)
    wall, core = foreground((radius < 30) & (radius >= 29)), foreground(radius < 12)
    assert len(wall) * len(core) > 2**26  # from here scipy's tree would be slow, and another searches
    found = nearest(core, wall, grid)
    assert found[::7] == pytest.approx(brute_force(core[::7], wall, grid), rel=1e-12)


@pytest.mark.parametrize("upto", [9.05, math.inf])
@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_millions_of_queries_are_answered_by_a_transform_and_exactly(turn: float, upto: float) -> None:
    oblique = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, -1]])
    affine = np.eye(4)
    affine[:3, :3] = oblique * [0.7, 0.9, 5.6]
    grid = Grid((150, 140, 110), affine)
    ours, theirs = everything(grid), np.sort(np.concatenate([one(grid, (3, 139, 20)), one(grid, (120, 2, 90))]))
    found = nearest(ours, theirs, grid, upto=upto)
    expected = brute_force(ours, theirs, grid)
    assert_allclose(found[expected <= upto], expected[expected <= upto], rtol=1e-12, atol=1e-12)
    assert (found[expected > upto] > upto).all()


def test_few_queries_far_from_millions_of_targets_are_answered_by_a_transform() -> None:
    grid = make_grid((160, 150, 120), spacing=(0.7, 0.7, 1.5))
    rng = np.random.default_rng(5)
    targets = everything(grid)[math.prod(grid.shape) // 10 :][rng.random(math.prod(grid.shape) * 9 // 10) < 0.9]
    assert len(targets) > 2**21
    ours = some(rng, 40, make_grid((160, 150, 8)))
    assert_allclose(nearest(ours, targets, grid), brute_force(ours, targets, grid), rtol=1e-12)


def test_millions_of_queries_on_a_sheared_grid_are_searched_for() -> None:
    grid = Grid((150, 140, 110), SHEARED)
    theirs = np.sort(np.concatenate([one(grid, (3, 139, 20)), one(grid, (120, 2, 90))]))
    found = nearest(everything(grid), theirs, grid)
    assert_allclose(found, brute_force(everything(grid), theirs, grid), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "columns",
    [
        ((1, 0, 0), (5, 0.1, 0), (0, 0, 1)),
        ((1, 0, 0), (0.99, 0.05, 0), (0.9, 0.1, 0.02)),
        ((1, 0, 0), (0, 1, 0), (9, 9, 1)),
    ],
)
def test_lattices_sheared_so_far_that_no_shell_is_sure_are_searched(columns: tuple[tuple[float, ...], ...]) -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.array(columns).T
    grid, rng = Grid((9, 8, 7), affine), np.random.default_rng(3)
    for _ in range(10):
        ours, theirs = some(rng, 60, grid), some(rng, 5, grid)
        assert nearest(ours, theirs, grid) == pytest.approx(brute_force(ours, theirs, grid), rel=1e-9, abs=1e-9)


def test_an_affine_of_whole_numbers_is_an_affine() -> None:
    grid = Grid((9, 9, 9), np.diag([2, 3, 4, 1]))
    assert nearest(one(grid, (1, 1, 1)), one(grid, (2, 2, 2)), grid).tolist() == [math.sqrt(4 + 9 + 16)]


def test_no_query_has_no_distance() -> None:
    grid = make_grid()
    for upto in (2.0, math.inf):
        assert nearest(np.zeros(0, dtype=np.int32), one(grid, (1, 1, 1)), grid, upto=upto).shape == (0,)


@pytest.mark.parametrize("spacing", list(itertools.permutations((0.5, 1.0, 4.0))))
def test_thick_slices_along_any_axis_are_counted_in_millimetres(spacing: Triple) -> None:
    grid, rng = make_grid((12, 12, 12), spacing), np.random.default_rng(4)
    for count in (1, 3, 30, 300):
        theirs = some(rng, count, grid)
        assert nearest(everything(grid), theirs, grid) == pytest.approx(
            brute_force(everything(grid), theirs, grid), rel=1e-12, abs=1e-12
        )
