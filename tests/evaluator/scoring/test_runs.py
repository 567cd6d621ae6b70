"""Runs and their components against scipy's, voxel by voxel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from evaluator.scoring.objects import components
from evaluator.scoring.runs import CONNECTIVITIES, Connectivity, find_runs, in_order, join_runs
from evaluator.scoring.voxels import foreground
from tests.evaluator.scoring.shapes import Mask, Triple
from tests.phantoms import make_grid

ORDER = {6: 1, 18: 2, 26: 3}  # scipy's name for a connectivity


def in_scipys_words(mask: Mask, connectivity: Connectivity) -> NDArray[np.int64]:
    """The component of each foreground voxel in Fortran order, numbered from 0 by first voxel."""
    labels, _ = ndimage.label(mask, ndimage.generate_binary_structure(3, ORDER[connectivity]))
    numbers = labels.ravel(order="F")[np.flatnonzero(mask.ravel(order="F"))]
    known: dict[int, int] = {}
    return np.array([known.setdefault(int(number), len(known)) for number in numbers], dtype=np.int64)


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
@settings(max_examples=80, deadline=None)
@given(
    st.tuples(*[st.integers(1, 9)] * 3),
    st.sampled_from([0.0, 0.05, 0.15, 0.3, 0.6, 0.95]),
    st.integers(0, 2**32),
)
def test_components_are_scipys_for_each_connectivity(
    connectivity: Connectivity, shape: Triple, share: float, seed: int
) -> None:
    mask = np.random.default_rng(seed).random(shape) < share
    objects = components(foreground(mask), make_grid(shape), connectivity=connectivity)
    assert objects.owner.tolist() == in_scipys_words(mask, connectivity).tolist()
    assert objects.ids == tuple(range(1, len(set(objects.owner.tolist())) + 1))


@pytest.mark.parametrize("shape", [(60, 1, 1), (1, 60, 1), (1, 1, 60), (20, 20, 1), (20, 1, 20), (1, 20, 20)])
@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_scans_one_voxel_thin_have_components(shape: Triple, connectivity: Connectivity) -> None:
    rng = np.random.default_rng(2)
    for share in (0.2, 0.5, 0.8):
        mask = rng.random(shape) < share
        objects = components(foreground(mask), make_grid(shape), connectivity=connectivity)
        assert objects.owner.tolist() == in_scipys_words(mask, connectivity).tolist()


@pytest.mark.parametrize(
    ("step", "joined"), [((1, 0, 0), (6, 18, 26)), ((-1, 1, 0), (18, 26)), ((0, -1, 1), (18, 26)), ((-1, 1, 1), (26,))]
)
def test_two_voxels_are_joined_over_a_face_an_edge_or_a_corner(step: Triple, joined: tuple[int, ...]) -> None:
    mask = np.zeros((5, 5, 5), dtype=bool)
    mask[2, 2, 2] = mask[2 + step[0], 2 + step[1], 2 + step[2]] = True
    for connectivity in CONNECTIVITIES:
        count = len(components(foreground(mask), make_grid(mask.shape), connectivity=connectivity).ids)
        assert count == (1 if connectivity in joined else 2)


def test_nothing_is_joined_across_the_edges_of_the_scan() -> None:
    for shape in ((3, 2, 2), (3, 3, 3), (2, 3, 3)):
        corners = np.zeros(shape, dtype=bool)
        corners[0, 0, 0] = corners[-1, 0, 0] = corners[0, -1, 0] = corners[0, 0, -1] = corners[-1, -1, -1] = True
        objects = components(foreground(corners), make_grid(shape))
        assert objects.owner.tolist() == in_scipys_words(corners, 26).tolist()


@pytest.mark.parametrize("connectivity", CONNECTIVITIES)
def test_noise_of_a_million_runs_has_the_components_its_runs_have(connectivity: Connectivity) -> None:
    grid = make_grid((170, 170, 170))
    flat = foreground(np.random.default_rng(6).random(grid.shape) < 0.35)
    runs = find_runs(flat, grid)
    assert len(runs.first) > 2**20  # from here cc3d takes over
    noise = components(flat, grid, connectivity=connectivity)
    assert (noise.owner == np.repeat(join_runs(runs, grid, connectivity=connectivity), runs.length)).all()
    assert len(noise.ids) == noise.owner.max() + 1


@settings(max_examples=60, deadline=None)
@given(st.tuples(*[st.integers(1, 7)] * 3), st.floats(0.0, 1.0), st.integers(0, 2**32))
def test_runs_hold_each_voxel_once_in_the_longest_rows_of_one_owner(shape: Triple, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mask, owners = rng.random(shape) < share, rng.integers(0, 3, shape)
    flat, grid = foreground(mask), make_grid(shape)
    owner = owners.ravel(order="F")[flat].astype(np.int32)
    for belongs in (None, owner):
        runs = find_runs(flat, grid, belongs)
        voxels = [range(first, last + 1) for first, last in zip(runs.first.tolist(), runs.last.tolist(), strict=True)]
        assert [voxel for run in voxels for voxel in run] == flat.tolist()
        assert runs.starts.tolist() == [0, *np.cumsum(runs.length)[:-1].tolist()][: len(voxels)]
        kinds = np.zeros(len(flat), dtype=np.int32) if belongs is None else belongs
        for one, start, other, after in zip(voxels, runs.starts, voxels[1:], runs.starts[1:], strict=False):
            apart = one[-1] + 1 != other[0] or other[0] % shape[0] == 0 or kinds[start] != kinds[after]
            assert apart
        for run, start in zip(voxels, runs.starts, strict=True):
            assert run[0] // shape[0] == run[-1] // shape[0]
            assert len(set(kinds[start : start + len(run)].tolist())) == 1


def test_numbers_follow_the_order_of_first_occurrence() -> None:
    assert in_order(np.array([7, 7, 2, 9, 2, 0])).tolist() == [0, 0, 1, 2, 1, 3]
    assert in_order(np.zeros(0, dtype=np.int32)).tolist() == []
