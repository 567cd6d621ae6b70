from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluator import results
from evaluator.errors import GridMismatch, UsageError, VolumeRefused
from evaluator.records import Grid, Prediction, Volume
from evaluator.scoring import DEFAULT_HIT_RULE, describe_reference, score_case
from tests.phantoms import Box, make_grid, make_prediction, make_volume

LESIONS = (Box((2, 2, 2), (4, 4, 4)), Box((14, 14, 4), (2, 2, 2)))


def test_a_case_is_scored_from_voxels_that_can_be_counted() -> None:
    prediction = make_prediction(Box((3, 2, 2), (4, 4, 4)), Box((2, 18, 8), (3, 1, 1)))
    scored = score_case(make_volume(*LESIONS), prediction)
    lesions = scored.structures["lesions"]
    assert lesions.dice == pytest.approx(2 * 48 / (64 + 8 + 64 + 3))
    assert (lesions.volume_reference_ml, lesions.volume_prediction_ml) == pytest.approx((0.072, 0.067))
    assert [(lesion.id, lesion.hit, lesion.finding) for lesion in scored.lesions] == [(1, True, 1), (2, False, None)]
    assert [(finding.id, finding.lesion, finding.confidence) for finding in scored.findings] == [
        (1, 1, 1.0),
        (2, None, 1.0),
    ]
    assert scored.findings[0].centre_mm == (4.5, 3.5, 3.5)
    assert (scored.likelihood, scored.likelihood_source) == (1.0, "mask")


def test_a_reference_against_itself_is_perfect() -> None:
    reference = make_volume(*LESIONS)
    scored = score_case(reference, Prediction(lesions=reference))
    assert all(lesion.hit for lesion in scored.lesions)
    assert scored.structures["lesions"].dice == 1.0
    assert scored.structures["lesions"].hd95_max == 0.0


def test_a_prediction_of_nothing_misses_every_lesion_and_counts_them() -> None:
    scored = score_case(make_volume(*LESIONS), make_prediction())
    assert [lesion.hit for lesion in scored.lesions] == [False, False]
    assert scored.findings == ()
    assert scored.structures["lesions"].dice == 0.0
    assert scored.structures["lesions"].hd95_pooled is None
    assert scored.likelihood == 0.0


def test_a_patient_without_a_lesion_has_false_positives_and_no_scores() -> None:
    scored = score_case(make_volume(), make_prediction(*LESIONS))
    assert scored.lesions == ()
    assert [finding.lesion for finding in scored.findings] == [None, None]
    assert scored.structures["lesions"].dice is None
    assert scored.structures["lesions"].volume_prediction_ml == pytest.approx(0.072)


def test_a_missed_tumour_makes_the_distance_worse_not_better() -> None:
    near = Box((3, 2, 2), (4, 4, 4))
    both = score_case(make_volume(*LESIONS), make_prediction(near, LESIONS[1]))
    missed = score_case(make_volume(*LESIONS), make_prediction(near))
    for name in ("hd95_pooled", "hd95_max", "assd_pooled", "masd"):
        assert getattr(missed.structures["lesions"], name) > getattr(both.structures["lesions"], name)


def test_doubling_the_spacing_doubles_every_distance() -> None:
    scored = []
    for size in (1.0, 2.0):
        grid = make_grid(spacing=(size, size, size))
        reference = make_volume(*LESIONS, grid=grid)
        scored.append(score_case(reference, make_prediction(Box((4, 2, 2), (4, 4, 4)), grid=grid)))
    for name in ("hd95_pooled", "hd95_max", "assd_pooled", "masd"):
        first, second = (getattr(case.structures["lesions"], name) for case in scored)
        assert second == pytest.approx(2 * first)


def test_a_flipped_affine_moves_centres_and_changes_no_score() -> None:
    flipped = make_grid(spacing=(-1.0, -1.0, 1.0), origin=(23.0, 23.0, 0.0))
    prediction = Box((3, 2, 2), (4, 4, 4))
    straight = score_case(make_volume(*LESIONS), make_prediction(prediction))
    turned = score_case(make_volume(*LESIONS, grid=flipped), make_prediction(prediction, grid=flipped))
    assert turned.structures == straight.structures
    x, y, z = straight.lesions[0].centre_mm
    assert turned.lesions[0].centre_mm == (23 - x, 23 - y, z)
    assert [lesion.hit for lesion in turned.lesions] == [True, False]


def test_a_prediction_on_another_grid_is_refused_not_resampled() -> None:
    for grid in (make_grid((24, 24, 13)), make_grid(spacing=(1.0, 1.0, 1.01)), make_grid(spacing=(-1.0, 1.0, 1.0))):
        with pytest.raises(GridMismatch, match="The prediction"):
            score_case(make_volume(*LESIONS), make_prediction(grid=grid))


def test_a_map_with_one_nan_is_refused() -> None:
    with pytest.raises(VolumeRefused):
        score_case(make_volume(*LESIONS), make_prediction(Box((0, 0, 0), (1, 1, 1), np.nan), dtype=np.float32))


def test_an_unknown_rule_is_refused_before_anything_is_scored() -> None:
    with pytest.raises(UsageError):
        score_case(make_volume(), make_prediction(), hit_rule="hit/0")


def test_each_tolerance_has_its_own_surface_dice() -> None:
    scored = score_case(make_volume(*LESIONS), make_prediction(*LESIONS), tolerances=(1, 2.5))
    assert scored.structures["lesions"].nsd == {"1.0": 1.0, "2.5": 1.0}


def test_picais_surplus_findings_are_not_listed() -> None:
    reference = make_volume(Box((4, 4, 4), (8, 4, 4)))
    pieces = (Box((4, 4, 4), (2, 4, 4), 1), Box((6, 4, 4), (6, 4, 4), 2))
    assert [finding.id for finding in score_case(reference, make_prediction(*pieces), hit_rule="picai").findings] == [2]
    ours = score_case(reference, make_prediction(*pieces), hit_rule=DEFAULT_HIT_RULE)
    assert [(finding.id, finding.lesion) for finding in ours.findings] == [(1, None), (2, 1)]


def test_the_lesions_of_a_score_are_those_of_the_reference() -> None:
    reference, organs = make_volume(*LESIONS), make_volume(Box((0, 0, 0), (24, 24, 12), 2))
    described = describe_reference(reference, organs=organs, organ_names={2: "pancreas_body"})
    scored = score_case(reference, make_prediction(), organs=organs, organ_names={2: "pancreas_body"})
    assert scored.lesions == described
    assert {lesion.location for lesion in described} == {"pancreas_body"}


def test_memory_order_and_integer_type_change_nothing() -> None:
    reference = make_volume(*LESIONS)
    boxes = (Box((3, 2, 2), (4, 4, 4)), Box((2, 18, 8), (3, 1, 1)))
    expected = score_case(reference, make_prediction(*boxes))
    for dtype in (np.int8, np.uint16, np.int64, bool):
        other = make_prediction(*boxes, dtype=dtype)
        turned = replace(other, lesions=Volume(np.asfortranarray(other.lesions.data), other.lesions.grid))
        assert score_case(reference, turned) == expected


def test_what_a_score_holds_can_be_written_as_json() -> None:
    grid = Grid((24, 24, 12), np.diag([0.7, 0.7, 1.5, 1.0]))
    scored = score_case(make_volume(*LESIONS, grid=grid), make_prediction(*LESIONS, grid=grid))
    assert b"NaN" not in results.dump(scored)
