"""The distance transform against brute force, and when it may be used."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from evaluator.records import Grid
from evaluator.scoring.transform import right_angled, transformed
from evaluator.scoring.voxels import to_world, voxel_indices
from tests.evaluator.scoring.shapes import Triple, spacings


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(*[st.integers(1, 15)] * 3),
    spacings(),
    st.booleans(),
    st.integers(1, 60),
    st.integers(1, 60),
    st.integers(0, 2**32),
)
def test_a_transform_finds_the_nearest_wherever_the_two_lie(
    shape: Triple, spacing: Triple, oblique: bool, queries: int, targets: int, seed: int
) -> None:
    rng, affine = np.random.default_rng(seed), np.diag([*spacing, 1.0])
    if oblique:
        affine[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0] @ affine[:3, :3]
    grid, voxels = Grid(shape, affine), int(np.prod(shape))
    ours, theirs = (
        np.sort(rng.choice(voxels, min(count, voxels), replace=False)).astype(np.int32) for count in (queries, targets)
    )
    points, goals = (to_world(voxel_indices(flat, grid), grid) for flat in (ours, theirs))
    assert transformed(ours, theirs, grid) == pytest.approx(cdist(points, goals).min(axis=1), rel=1e-9, abs=1e-9)


def test_flipped_turned_and_rounded_axes_are_at_right_angles_and_sheared_ones_are_not() -> None:
    turned = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0] * [0.7, 0.7, 5.0]
    for axes in (np.diag([-0.7, 0.7, 5.0]), turned, turned.astype(np.float32)):
        affine = np.eye(4)
        affine[:3, :3] = axes
        assert right_angled(Grid((4, 4, 4), affine))
    sheared = np.diag([0.7, 0.7, 5.0, 1.0])
    sheared[1, 2] = 1e-4  # a gantry tilted by a thousandth of a degree
    assert not right_angled(Grid((4, 4, 4), sheared))
