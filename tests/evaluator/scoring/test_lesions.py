from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from evaluator.errors import GridMismatch
from evaluator.records import Grid, Volume
from evaluator.scoring import describe_reference
from evaluator.scoring.diameters import axial_diameter
from evaluator.scoring.voxels import foreground
from tests.phantoms import Box, make_grid, make_volume

NAMES = {1: "pancreas_head", 2: "pancreas_body", 3: "pancreas_tail"}


def test_a_lesion_is_measured_located_and_not_yet_hit() -> None:
    grid = make_grid(spacing=(0.8, 0.8, 2.0), origin=(-10.0, 5.0, 40.0))
    (lesion,) = describe_reference(make_volume(Box((3, 4, 5), (4, 5, 2)), grid=grid))
    assert lesion.id == 1
    assert lesion.diameter_mm == pytest.approx(math.hypot(3 * 0.8, 4 * 0.8))
    assert lesion.volume_ml == pytest.approx(40 * 1.28 / 1000)
    assert lesion.centre_mm == pytest.approx((-10 + 4.5 * 0.8, 5 + 6 * 0.8, 40 + 5.5 * 2.0))
    assert (lesion.location, lesion.hit, lesion.finding) == (None, False, None)


def test_a_diameter_is_taken_within_one_slice_not_across_slices() -> None:
    (lesion,) = describe_reference(make_volume(Box((2, 2, 2), (3, 1, 8)), Box((4, 2, 9), (3, 1, 1))))
    assert lesion.diameter_mm == 4.0  # the last slice holds five voxels in a row; the object is 9 long in all


@pytest.mark.parametrize(("spacing", "least"), [((0.7, 0.7, 5.0), 0.7), ((0.7, 0.9, 0.1), 0.9)])
def test_a_diameter_is_at_least_one_in_plane_voxel(spacing: tuple[float, float, float], least: float) -> None:
    (lesion,) = describe_reference(make_volume(Box((3, 3, 3), (1, 1, 6)), grid=make_grid(spacing=spacing)))
    assert lesion.diameter_mm == pytest.approx(least)


def test_slices_are_axial_whichever_axis_is_stored_last() -> None:
    # Stored as sagittal slices: the second axis runs from feet to head.
    affine = np.array([[0.0, 0.0, 1.5, 0.0], [-0.8, 0.0, 0.0, 0.0], [0.0, 0.8, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    (lesion,) = describe_reference(make_volume(Box((2, 2, 2), (4, 9, 3)), grid=Grid((24, 24, 12), affine)))
    assert lesion.diameter_mm == pytest.approx(math.hypot(3 * 0.8, 2 * 1.5))


def test_a_diameter_is_the_farthest_pair_of_voxels_of_any_slice() -> None:
    rng = np.random.default_rng(11)
    grid = make_grid((15, 15, 4), spacing=(0.7, 1.1, 3.0))
    for _ in range(20):
        mask = rng.random(grid.shape) < 0.1
        voxels = np.argwhere(mask)
        slices = [voxels[voxels[:, 2] == k] * grid.spacing for k in range(4)]
        farthest = max(pdist(points).max() for points in slices if len(points) > 1)
        assert axial_diameter(foreground(mask), grid) == pytest.approx(farthest, rel=1e-12)


def test_a_ball_of_20_mm_measures_a_little_less_than_20() -> None:
    grid = make_grid((64, 64, 32), spacing=(0.7, 0.7, 1.5), origin=(-22.05, -22.05, -23.25))
    points = np.moveaxis(np.indices(grid.shape), 0, -1) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    (lesion,) = describe_reference(Volume((points**2).sum(axis=-1) <= 10.0**2, grid))
    assert 19.3 < lesion.diameter_mm <= 20.0  # centres of voxels: never more than the ball
    assert lesion.volume_ml == pytest.approx(4 / 3 * math.pi, rel=0.01)


def test_a_lesion_lies_where_most_of_it_lies() -> None:
    organs = make_volume(Box((0, 0, 0), (5, 24, 12), 1), Box((5, 0, 0), (19, 24, 12), 3))
    reference = make_volume(Box((3, 3, 3), (5, 2, 2)))
    (lesion,) = describe_reference(reference, organs=organs, organ_names=NAMES)
    assert lesion.location == "pancreas_tail"  # 12 of its 20 voxels
    (lesion,) = describe_reference(reference, organs=organs)
    assert lesion.location == "3"


def test_labels_without_a_name_are_no_locations() -> None:
    organs = make_volume(Box((0, 0, 0), (24, 24, 12), 50), Box((4, 3, 3), (1, 1, 1), 2))
    (lesion,) = describe_reference(make_volume(Box((3, 3, 3), (5, 2, 2))), organs=organs, organ_names=NAMES)
    assert lesion.location == "pancreas_body"


def test_a_lesion_outside_every_organ_is_at_the_nearest_in_millimetres() -> None:
    grid = make_grid(spacing=(1.0, 1.0, 5.0))
    organs = make_volume(Box((3, 3, 6), (3, 3, 1), 1), Box((12, 3, 3), (3, 3, 1), 2), grid=grid)
    reference = make_volume(Box((4, 4, 3), (1, 1, 1)), grid=grid)
    (lesion,) = describe_reference(reference, organs=organs, organ_names=NAMES)
    assert lesion.location == "pancreas_body"  # 8 mm away in its slice; the head is 3 slices, 15 mm, away
    (lesion,) = describe_reference(reference, organs=make_volume(grid=grid), organ_names=NAMES)
    assert lesion.location is None


def test_organs_on_another_grid_are_refused() -> None:
    with pytest.raises(GridMismatch, match="organ labels"):
        describe_reference(make_volume(Box((3, 3, 3), (1, 1, 1))), organs=make_volume(grid=make_grid((24, 24, 13))))


def test_a_reference_of_nothing_has_no_lesions() -> None:
    assert describe_reference(make_volume(), organs=make_volume()) == ()
