"""What must hold for every pair of masks on every grid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from evaluator.records import Grid, Prediction, StructureScore, Volume
from evaluator.scoring import score_case
from evaluator.scoring.surface_area import surface_elements
from evaluator.scoring.voxels import foreground, to_world, voxel_indices
from tests.evaluator.scoring.plainly import SLACK
from tests.evaluator.scoring.shapes import DISTANCES, Mask, Pair, Triple, affines, pairs

TOLERANCES = st.lists(st.floats(0.0, 25.0), min_size=1, max_size=4)
ANYWHERE = pairs(grids=affines())


def assert_same(one: StructureScore, other: StructureScore, *, times: float = 1.0) -> None:
    """Equal but for rounding; the second's distances are ``times`` the first's, its tolerances whatever they are."""
    assert (other.dice, other.iou) == (one.dice, one.iou)
    for name in DISTANCES:
        assert getattr(other, name) == pytest.approx(getattr(one, name) * times, rel=1e-9, abs=1e-9), name
    for ours, theirs in ((one.nsd, other.nsd), (one.nsd_area, other.nsd_area)):
        assert list(theirs.values()) == pytest.approx(list(ours.values()), rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(ANYWHERE, TOLERANCES)
def test_swapping_the_two_swaps_the_volumes_and_keeps_all_but_the_volume_error(
    pair: Pair, tolerances: list[float]
) -> None:
    straight = pair.score(*tolerances)
    swapped = Pair(reference=pair.prediction, prediction=pair.reference, grid=pair.grid).score(*tolerances)
    assert_same(straight, swapped)
    assert swapped.volume_reference_ml == straight.volume_prediction_ml
    assert swapped.volume_prediction_ml == straight.volume_reference_ml
    ours, theirs = int(pair.reference.sum()), int(pair.prediction.sum())
    assert straight.volume_error == pytest.approx((theirs - ours) / ours, rel=1e-12)
    assert swapped.volume_error == pytest.approx((ours - theirs) / theirs, rel=1e-12)


def moved(mask: Mask, shape: Triple, by: tuple[int, ...]) -> Mask:
    """The mask in an empty scan of another shape."""
    larger = np.zeros(shape, dtype=bool)
    larger[tuple(slice(step, step + side) for step, side in zip(by, mask.shape, strict=True))] = mask
    return larger


@settings(max_examples=80, deadline=None)
@given(ANYWHERE, TOLERANCES, st.data())
def test_where_the_two_lie_in_the_scan_changes_nothing_even_at_its_edges(
    pair: Pair, tolerances: list[float], data: st.DataObject
) -> None:
    # Beyond the edge is background, so a mask that touches it has the surface it has elsewhere.
    room = data.draw(st.tuples(*[st.sampled_from([0, 1, 2, 40])] * 3))
    by = tuple(data.draw(st.sampled_from([0, length // 2, length])) for length in room)
    a, b, c = (side + length for side, length in zip(pair.grid.shape, room, strict=True))
    masks = [moved(mask, (a, b, c), by) for mask in (pair.reference, pair.prediction)]
    elsewhere = Pair(reference=masks[0], prediction=masks[1], grid=Grid((a, b, c), pair.grid.affine))
    assert_same(pair.score(*tolerances), elsewhere.score(*tolerances))


@settings(max_examples=80, deadline=None)
@given(ANYWHERE, TOLERANCES, st.permutations(range(3)), st.tuples(*[st.booleans()] * 3))
def test_the_order_and_direction_of_the_axes_change_nothing_on_any_grid(
    pair: Pair, tolerances: list[float], order: list[int], flips: tuple[bool, bool, bool]
) -> None:
    backwards = tuple(axis for axis in range(3) if flips[axis])
    masks = [np.flip(mask.transpose(order), backwards) for mask in (pair.reference, pair.prediction)]
    affine = pair.grid.affine[:, [*order, 3]] * np.array([*(-1 if flip else 1 for flip in flips), 1])
    a, b, c = masks[0].shape
    turned = Pair(reference=masks[0], prediction=masks[1], grid=Grid((a, b, c), affine))
    assert_same(pair.score(*tolerances), turned.score(*tolerances))


@settings(max_examples=80, deadline=None)
@given(ANYWHERE, TOLERANCES, st.floats(0.1, 10.0))
def test_voxels_so_many_times_as_large_are_so_many_times_as_far_apart(
    pair: Pair, tolerances: list[float], times: float
) -> None:
    affine = pair.grid.affine * [[times], [times], [times], [1.0]]
    larger = Pair(reference=pair.reference, prediction=pair.prediction, grid=Grid(pair.grid.shape, affine))
    straight, scaled = pair.score(*tolerances), larger.score(*(tolerance * times for tolerance in tolerances))
    assert_same(straight, scaled, times=times)
    assert scaled.volume_reference_ml == pytest.approx(straight.volume_reference_ml * times**3, rel=1e-9)


@settings(max_examples=80, deadline=None)
@given(ANYWHERE, st.lists(st.floats(0.0, 40.0), min_size=2, max_size=6))
def test_a_larger_tolerance_is_met_by_more_and_one_tolerance_does_not_mind_another(
    pair: Pair, tolerances: list[float]
) -> None:
    together = pair.score(*tolerances)
    for name in ("nsd", "nsd_area"):
        values = getattr(together, name)
        ordered = [values[str(tolerance)] for tolerance in sorted(tolerances)]
        assert ordered == sorted(ordered)
        assert all(0.0 <= value <= 1.0 + 1e-12 for value in ordered)
        for tolerance in tolerances:
            assert getattr(pair.score(tolerance), name) == {str(tolerance): values[str(tolerance)]}
    assert pair.score((together.hd or 0.0) + 1e-9).nsd == {str((together.hd or 0.0) + 1e-9): 1.0}


@settings(max_examples=60, deadline=None)
@given(ANYWHERE)
def test_a_mask_against_itself_is_perfect(pair: Pair) -> None:
    scored = Pair(reference=pair.reference, prediction=pair.reference, grid=pair.grid).score(0.0, 2.0)
    assert (scored.dice, scored.iou, scored.volume_error) == (1.0, 1.0, 0.0)
    assert (scored.nsd, scored.nsd_area) == ({"0.0": 1.0, "2.0": 1.0}, {"0.0": 1.0, "2.0": 1.0})
    assert [getattr(scored, name) for name in DISTANCES] == [0.0] * len(DISTANCES)


@settings(max_examples=100, deadline=None)
@given(pairs(largest=7, grids=affines()), st.floats(0.05, 20.0))
def test_the_surface_dice_over_area_is_that_of_all_pairs_of_elements(pair: Pair, tolerance: float) -> None:
    ours, theirs = (surface_elements(foreground(mask), pair.grid) for mask in (pair.reference, pair.prediction))
    ours_at, theirs_at = (to_world(voxel_indices(found.corners, found.grid), found.grid) for found in (ours, theirs))
    between = cdist(ours_at, theirs_at)
    limit = tolerance * SLACK
    met = ours.areas[between.min(axis=1) <= limit].sum() + theirs.areas[between.min(axis=0) <= limit].sum()
    expected = met / (ours.areas.sum() + theirs.areas.sum())
    assert pair.score(tolerance).nsd_area[str(tolerance)] == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(pairs(largest=12, grids=affines()), st.sampled_from(["any-overlap", "iou>=0.1", "dice>=0.3"]))
def test_a_whole_case_swapped_has_as_many_hits_and_moved_the_same_ones(pair: Pair, rule: str) -> None:
    def case(reference: Mask, prediction: Mask, affine: NDArray[np.float64]) -> tuple[list[bool], list[list[float]]]:
        a, b, c = reference.shape
        grid = Grid((a, b, c), affine)
        scored = score_case(Volume(reference, grid), Prediction(lesions=Volume(prediction, grid)), hit_rule=rule)
        return [lesion.hit for lesion in scored.lesions], [list(lesion.centre_mm) for lesion in scored.lesions]

    affine = pair.grid.affine
    hits, centres = case(pair.reference, pair.prediction, affine)
    assert sum(case(pair.prediction, pair.reference, affine)[0]) == sum(hits)
    a, b, c = (side + 9 for side in pair.grid.shape)
    masks = [moved(mask, (a, b, c), (4, 9, 0)) for mask in (pair.reference, pair.prediction)]
    hits_there, centres_there = case(masks[0], masks[1], affine)
    assert hits_there == hits
    assert np.array(centres_there) == pytest.approx(np.array(centres) + affine[:3, :3] @ [4, 9, 0], abs=1e-6)
