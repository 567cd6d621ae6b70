from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from evaluator.errors import VolumeRefused
from evaluator.scoring.objects import components, labelled
from evaluator.scoring.voxels import foreground
from tests.phantoms import Box, make_grid, make_volume


def test_a_single_label_stands_for_all_and_is_split_into_components() -> None:
    objects = labelled(make_volume(Box((2, 2, 2), (2, 2, 2), 7), Box((10, 10, 8), (3, 1, 1), 7)))
    assert objects.ids == (1, 2)
    assert objects.sizes.tolist() == [8, 3]


def test_several_labels_are_instances_numbered_as_they_are_whole_or_in_pieces() -> None:
    objects = labelled(
        make_volume(Box((2, 2, 2), (2, 2, 2), 4), Box((4, 2, 2), (1, 1, 1), 9), Box((15, 15, 8), (1, 1, 1), 4))
    )
    assert objects.ids == (4, 9)
    assert objects.sizes.tolist() == [9, 1]


def test_voxels_that_meet_at_a_corner_are_one_object_and_a_gap_of_one_makes_two() -> None:
    assert labelled(make_volume(Box((2, 2, 2), (1, 1, 1)), Box((3, 3, 3), (1, 1, 1)))).ids == (1,)
    assert labelled(make_volume(Box((2, 2, 2), (1, 1, 1)), Box((4, 2, 2), (1, 1, 1)))).ids == (1, 2)


@settings(max_examples=100, deadline=None)
@given(st.tuples(*[st.integers(1, 7)] * 3), st.floats(0.05, 0.95), st.integers(0, 2**32))
def test_components_are_those_of_scipy(shape: tuple[int, int, int], share: float, seed: int) -> None:
    mask = np.random.default_rng(seed).random(shape) < share
    mask[::2, ::2, ::2] |= mask.sum() % 2 == 0  # the most components a box can hold
    objects = components(foreground(mask), make_grid(shape))
    peer, count = ndimage.label(mask, np.ones((3, 3, 3)))
    assert len(objects.ids) == count
    assert sorted(objects.sizes) == sorted(np.bincount(peer.ravel())[1:])


@pytest.mark.parametrize("order", ["C", "F"])
def test_components_are_numbered_by_their_first_voxel_slice_by_slice(order: str) -> None:
    boxes = [Box((20, 20, 1), (2, 2, 2)), Box((10, 3, 2), (1, 1, 1)), Box((3, 10, 2), (1, 1, 1))]
    volume = make_volume(*boxes)
    objects = components(foreground(np.array(volume.data, order=order)), volume.grid)  # type: ignore[call-overload]
    assert objects.centres_mm.tolist() == [[20.5, 20.5, 1.5], [10.0, 3.0, 2.0], [3.0, 10.0, 2.0]]


def test_many_random_components_are_numbered_by_their_first_voxel() -> None:
    grid = make_grid((30, 30, 30))
    objects = components(foreground(np.random.default_rng(5).random(grid.shape) < 0.04), grid)
    firsts = [int(objects.flat[objects.owner == position][0]) for position in range(len(objects.ids))]
    assert len(firsts) > 100
    assert firsts == sorted(firsts)


def test_centres_and_volumes_are_in_the_world() -> None:
    grid = make_grid(spacing=(-0.5, -0.5, 2.5), origin=(100.0, 80.0, -300.0))
    objects = labelled(make_volume(Box((2, 4, 1), (3, 1, 2)), grid=grid))
    assert objects.centres_mm.tolist() == [[100 - 0.5 * 3, 80 - 0.5 * 4, -300 + 2.5 * 1.5]]
    assert objects.volumes_ml.tolist() == [pytest.approx(6 * 0.625 / 1000)]


def test_an_empty_mask_has_no_objects() -> None:
    objects = labelled(make_volume())
    assert objects.ids == ()
    assert objects.sizes.shape == (0,)
    assert objects.centres_mm.shape == (0, 3)


def test_whole_numbers_stored_as_floats_are_labels() -> None:
    assert labelled(make_volume(Box((1, 1, 1), (1, 1, 1)), Box((5, 5, 5), (1, 1, 1), 2), dtype=float)).ids == (1, 2)


@pytest.mark.parametrize(("value", "dtype"), [(-1, np.int16), (0.5, np.float32), (np.nan, np.float32)])
def test_values_that_are_no_labels_are_refused(value: float, dtype: type) -> None:
    with pytest.raises(VolumeRefused, match="no labels"):
        labelled(make_volume(Box((1, 1, 1), (1, 1, 1), value), dtype=dtype))
