"""Label maps of several structures, with lesions among them or without."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evaluator.errors import GridMismatch, VolumeRefused
from evaluator.records import Volume
from evaluator.scoring import score_case, score_label_maps, score_structures
from tests.phantoms import Box, make_grid, make_prediction, make_volume

LIVER, SPLEEN, LESION = 3, 70, 9


def test_every_label_that_occurs_in_either_map_is_a_structure() -> None:
    reference = make_volume(Box((2, 2, 2), (4, 4, 4), LIVER), Box((12, 2, 2), (2, 2, 2), SPLEEN))
    prediction = make_volume(Box((3, 2, 2), (4, 4, 4), LIVER), Box((12, 12, 2), (2, 2, 2), 8))
    found = score_structures(reference, prediction)
    assert list(found) == ["3", "8", "70"]
    assert found["3"].dice == 2 * 48 / 128
    assert found["3"].iou == 48 / 80
    assert (found["70"].dice, found["70"].hd, found["70"].volume_error) == (0.0, None, -1.0)  # missed: counted
    assert (found["8"].dice, found["8"].volume_prediction_ml) == (None, 0.008)  # predicted where there is none


def test_names_choose_labels_and_keep_their_order() -> None:
    volume = make_volume(Box((2, 2, 2), (4, 4, 4), LIVER), Box((12, 2, 2), (2, 2, 2), SPLEEN))
    found = score_structures(volume, volume, names={SPLEEN: "spleen", 1: "aorta"})
    assert list(found) == ["spleen", "aorta"]
    assert (found["spleen"].dice, found["aorta"].dice) == (1.0, None)


def test_where_two_labels_touch_each_has_a_surface() -> None:
    # Two cubes of 4 side by side, and one of them a voxel shorter: the shared face is surface on either side.
    reference = make_volume(Box((2, 2, 2), (4, 4, 4), 1), Box((6, 2, 2), (4, 4, 4), 2))
    prediction = make_volume(Box((2, 2, 2), (3, 4, 4), 1), Box((5, 2, 2), (5, 4, 4), 2))
    found = score_structures(reference, prediction, tolerances=(0.5, 1.0))
    assert found["1"].nsd["1.0"] == found["2"].nsd["1.0"] == 1.0
    assert found["1"].hd == found["2"].hd == 1.0
    assert found["1"].volume_error == pytest.approx(-0.25)


def test_a_map_of_nothing_has_no_structures() -> None:
    assert score_structures(make_volume(), make_volume()) == {}


def test_maps_on_two_grids_and_maps_of_no_labels_are_refused() -> None:
    with pytest.raises(GridMismatch):
        score_structures(make_volume(), make_volume(grid=make_grid((24, 24, 13))))
    for value in (0.5, -1.0, math.nan, math.inf):
        with pytest.raises(VolumeRefused, match="no labels"):
            score_structures(make_volume(Box((1, 1, 1), (1, 1, 1), value), dtype=np.float32), make_volume())


def test_one_label_marks_lesions_and_its_parts_are_told_apart() -> None:
    organ = Box((1, 1, 1), (20, 20, 8), LIVER)
    reference = make_volume(organ, Box((3, 3, 3), (4, 4, 4), LESION), Box((12, 12, 4), (2, 2, 2), LESION))
    prediction = make_volume(organ, Box((4, 3, 3), (4, 4, 4), LESION), Box((3, 14, 3), (2, 2, 2), LESION))
    found = score_label_maps(reference, prediction, lesion_label=LESION, names={LIVER: "liver"})
    assert list(found.structures) == ["lesions", "liver"]
    assert found.structures["lesions"].dice == 2 * 48 / (72 + 72)
    assert found.structures["liver"].iou == (3200 - 72 - 72 + 48) / (3200 - 48)
    assert [(lesion.hit, lesion.slices) for lesion in found.lesions] == [(True, (3, 6)), (False, (4, 5))]
    assert (found.likelihood, found.likelihood_source) == (1.0, "mask")
    assert found.lesions[0].diameter_3d_mm == pytest.approx(math.sqrt(27))
    assert found.lesions[1].outline is None


def test_the_outline_of_a_hit_is_that_of_the_lesion_and_its_finding_alone() -> None:
    lesions = (Box((3, 3, 3), (4, 4, 4), 1), Box((12, 12, 4), (2, 2, 2), 2))
    findings = (Box((4, 3, 3), (4, 4, 4), 1), Box((12, 12, 4), (2, 2, 3), 2))
    found = score_case(make_volume(*lesions), make_prediction(*findings), tolerances=(1.0, 3.0))
    for lesion, ours, theirs in zip(found.lesions, lesions, findings, strict=True):
        alone = score_case(make_volume(ours), make_prediction(theirs), tolerances=(1.0, 3.0))
        assert lesion.outline == alone.structures["lesions"]


def test_organs_that_were_predicted_are_structures_beside_the_lesions() -> None:
    organs = make_volume(Box((1, 1, 1), (10, 10, 8), LIVER), Box((12, 1, 1), (4, 4, 4), SPLEEN))
    prediction = make_prediction(Box((3, 3, 3), (2, 2, 2)))
    with_organs = type(prediction)(lesions=prediction.lesions, organs=make_volume(Box((1, 1, 1), (10, 10, 4), LIVER)))
    names = {LIVER: "liver", SPLEEN: "spleen"}
    reference = make_volume(Box((3, 3, 3), (2, 2, 2)))
    assert list(score_case(reference, prediction, organs=organs, organ_names=names).structures) == ["lesions"]
    found = score_case(reference, with_organs, organs=organs, organ_names=names).structures
    assert found["liver"].dice == pytest.approx(2 * 400 / 1200)
    assert found["spleen"].dice == 0.0


def test_the_order_of_memory_changes_nothing() -> None:
    rng = np.random.default_rng(8)
    ours, theirs = (rng.integers(0, 4, (11, 9, 7), dtype=np.uint8) for _ in range(2))
    grid = make_grid((11, 9, 7), spacing=(0.5, 1.0, 2.0))
    found = [
        score_structures(Volume(order(ours), grid), Volume(order(theirs), grid))
        for order in (np.ascontiguousarray, np.asfortranarray)
    ]
    assert found[0] == found[1]
