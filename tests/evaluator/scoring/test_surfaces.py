from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medpy.metric import binary
from numpy.typing import NDArray

from evaluator.records import Grid, StructureScore, Volume
from evaluator.scoring.structures import score_structure
from evaluator.scoring.surfaces import surface
from evaluator.scoring.voxels import CHUNK, foreground
from tests.phantoms import Box, make_grid, make_volume


def score(reference: Volume, prediction: Volume, tolerances: tuple[float, ...] = (2.0,)) -> StructureScore:
    return score_structure(
        reference=foreground(reference.data != 0),
        prediction=foreground(prediction.data != 0),
        grid=reference.grid,
        tolerances=tolerances,
    )


def test_equal_masks_score_perfectly() -> None:
    mask = make_volume(Box((2, 3, 4), (5, 4, 3)))
    scored = score(mask, mask)
    assert (scored.dice, scored.nsd, scored.hd95_pooled, scored.hd95_max) == (1.0, {"2.0": 1.0}, 0.0, 0.0)
    assert (scored.assd_pooled, scored.masd) == (0.0, 0.0)
    assert scored.volume_reference_ml == scored.volume_prediction_ml == pytest.approx(60 / 1000)


def test_two_voxels_are_as_far_apart_as_their_spacing_says() -> None:
    grid = make_grid(spacing=(0.5, 2.0, 3.0))
    scored = score(make_volume(Box((4, 4, 4), (1, 1, 1)), grid=grid), make_volume(Box((8, 5, 6), (1, 1, 1)), grid=grid))
    apart = math.sqrt(2.0**2 + 2.0**2 + 6.0**2)  # 4 × 0.5, 1 × 2, 2 × 3 mm
    assert scored.dice == 0.0
    for value in (scored.hd95_pooled, scored.hd95_max, scored.assd_pooled, scored.masd):
        assert value == pytest.approx(apart, rel=1e-12)


def test_pooled_and_per_direction_conventions_differ_as_their_names_say() -> None:
    # A row of three voxels against the first of them: 0, 1, 2 one way, 0 the other.
    scored = score(make_volume(Box((4, 4, 4), (3, 1, 1))), make_volume(Box((4, 4, 4), (1, 1, 1))), (0.0, 1.0, 2.0))
    assert scored.dice == 2 * 1 / (3 + 1)
    assert scored.nsd == {"0.0": 2 / 4, "1.0": 3 / 4, "2.0": 1.0}
    assert scored.assd_pooled == pytest.approx(3 / 4)
    assert scored.masd == pytest.approx((1.0 + 0.0) / 2)
    assert scored.hd95_pooled == pytest.approx(1.85)  # 95 % of the way through 0 0 1 2
    assert scored.hd95_max == pytest.approx(1.9)  # 95 % of the way through 0 1 2


def test_a_tolerance_of_two_voxels_is_met_whatever_the_headers_rounding() -> None:
    spacing = float(np.float32(0.7))  # 0.699999988; its double in other programs 1.4 or 1.3999999
    for size in (spacing, 0.7000003):
        grid = make_grid(spacing=(size, 1.0, 1.0))
        ours, theirs = (make_volume(Box((low, 4, 4), (1, 1, 1)), grid=grid) for low in (4, 6))
        assert score(ours, theirs, (1.4,)).nsd == {"1.4": 1.0}
        assert score(ours, theirs, (1.399,)).nsd == {"1.399": 0.0}


def test_a_prediction_of_nothing_scores_nothing_and_has_no_distances() -> None:
    scored = score(make_volume(Box((2, 2, 2), (2, 2, 2))), make_volume(), (1.0, 2.0))
    assert (scored.dice, scored.nsd) == (0.0, {"1.0": 0.0, "2.0": 0.0})
    assert (scored.hd95_pooled, scored.hd95_max, scored.assd_pooled, scored.masd) == (None, None, None, None)
    assert (scored.volume_reference_ml, scored.volume_prediction_ml) == pytest.approx((0.008, 0.0))


@pytest.mark.parametrize("boxes", [(), (Box((2, 2, 2), (2, 2, 2)),)])
def test_a_reference_of_nothing_has_volumes_only(boxes: tuple[Box, ...]) -> None:
    scored = score(make_volume(), make_volume(*boxes))
    assert (scored.dice, scored.nsd, scored.hd95_pooled) == (None, {"2.0": None}, None)
    assert (scored.volume_reference_ml, scored.volume_prediction_ml) == pytest.approx((0.0, 0.008 * len(boxes)))


def test_only_voxels_with_an_open_face_are_surface_and_the_scans_edge_is_open() -> None:
    grid = make_grid((9, 9, 9))
    cube = foreground(make_volume(Box((2, 2, 2), (5, 5, 5)), grid=grid).data != 0)
    assert len(surface(cube, grid)) == 5**3 - 3**3
    everything = foreground(np.ones(grid.shape, dtype=bool))
    assert len(surface(everything, grid)) == 9**3 - 7**3
    # A row that leaves the scan on one side must not meet the next row coming in on the other.
    plane = foreground(make_volume(Box((0, 3, 0), (9, 2, 9)), grid=grid).data != 0)
    assert len(surface(plane, grid)) == len(plane)


def test_a_mask_larger_than_a_chunk_is_whole() -> None:
    side = math.ceil(CHUNK ** (1 / 3)) + 2
    grid = make_grid((side, side, side))
    assert len(surface(foreground(np.ones(grid.shape, dtype=bool)), grid)) == side**3 - (side - 2) ** 3


@st.composite
def masks(draw: st.DrawFn) -> tuple[Grid, NDArray[np.bool_], NDArray[np.bool_]]:
    shape = draw(st.tuples(*[st.integers(1, 9)] * 3))
    spacing = draw(st.tuples(*[st.floats(0.4, 5.0)] * 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    ours, theirs = (rng.random(shape) < draw(st.floats(0.02, 0.95)) for _ in range(2))
    ours.flat[0] = theirs.flat[-1] = True  # medpy raises on an empty mask
    return make_grid(shape, spacing), ours, theirs


@settings(max_examples=60, deadline=None)
@given(masks())
def test_dice_hd95_and_assd_agree_with_medpy(case: tuple[Grid, NDArray[np.bool_], NDArray[np.bool_]]) -> None:
    grid, ours, theirs = case
    scored = score(Volume(ours, grid), Volume(theirs, grid))
    assert scored.dice == pytest.approx(binary.dc(theirs, ours), rel=1e-12)
    for value, peer in ((scored.hd95_pooled, binary.hd95), (scored.assd_pooled, binary.assd)):
        assert value == pytest.approx(peer(theirs, ours, voxelspacing=grid.spacing), rel=1e-9, abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(masks(), st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
def test_the_order_and_direction_of_the_axes_change_nothing(
    case: tuple[Grid, NDArray[np.bool_], NDArray[np.bool_]], order: list[int], flips: tuple[bool, bool, bool]
) -> None:
    grid, ours, theirs = case
    affine = grid.affine[:, [*order, 3]] * np.array([*(-1 if flip else 1 for flip in flips), 1])
    turned = [
        np.flip(mask.transpose(order), tuple(axis for axis in range(3) if flips[axis])) for mask in (ours, theirs)
    ]
    shape = tuple(grid.shape[axis] for axis in order)
    other = Grid((shape[0], shape[1], shape[2]), affine)
    straight = score(Volume(ours, grid), Volume(theirs, grid))
    again = score(Volume(turned[0], other), Volume(turned[1], other))
    assert again.dice == straight.dice
    for name in ("hd95_pooled", "hd95_max", "assd_pooled", "masd"):
        assert getattr(again, name) == pytest.approx(getattr(straight, name), rel=1e-9, abs=1e-12)
