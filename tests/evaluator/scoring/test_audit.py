"""The auditor agrees where our scorer is right, and finds a number that is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.records import CaseScore, Comparison, Grid, Lesion, Prediction, StructureScore, Volume
from evaluator.scoring import score_case
from evaluator.scoring.audit import LARGEST_BOX, TOLERANCE, TooLargeToAudit, audit_case, compare_case
from tests.phantoms import Box, make_grid, make_prediction, make_volume

LESIONS = (Box((2, 2, 2), (4, 4, 4)), Box((14, 14, 4), (2, 2, 2)))
FINDINGS = (Box((3, 2, 2), (4, 4, 4), 1), Box((2, 18, 8), (3, 1, 1), 2))
REFERENCE = make_volume(*LESIONS)
PREDICTION = make_prediction(*FINDINGS)

# The whole masks: 72 and 67 voxels of 1 µL, 48 shared.
COUNTED = {
    "volume_reference_ml": 0.072,
    "volume_prediction_ml": 0.067,
    "dice": 2 * 48 / (72 + 67),
    "iou": 48 / (72 + 67 - 48),
    "volume_error": 67 / 72 - 1,
}
# The first lesion and its finding: cubes of 4 mm, one moved by one voxel. Of the 56 surface voxels of each 20 are 1 mm
# away: the 16 of the face that sticks out, and the 4 in the middle of the opposite one, which lie in the other cube.
OUTLINE = StructureScore(
    dice=2 * 48 / 128,
    iou=48 / 80,
    volume_error=0.0,
    nsd={},
    hd=1.0,
    hd95_pooled=1.0,
    hd95_max=1.0,
    assd_pooled=20 / 56,
    masd=20 / 56,
    volume_reference_ml=0.064,
    volume_prediction_ml=0.064,
)


def differing(comparisons: tuple[Comparison, ...]) -> set[tuple[str, str]]:
    return {(one.structure, one.measure) for one in comparisons if not one.agrees(TOLERANCE)}


def with_lesions(score: CaseScore, **changes: float | None) -> CaseScore:
    changed = replace(score.structures["lesions"], **changes)  # type: ignore[arg-type]
    return replace(score, structures={**score.structures, "lesions": changed})


def with_outline(score: CaseScore, outline: StructureScore, *, lesion: int = 1) -> CaseScore:
    changed: list[Lesion] = [
        replace(one, outline=outline) if one.id == lesion else replace(one, outline=None) for one in score.lesions
    ]
    return replace(score, lesions=tuple(changed))


def test_a_case_that_can_be_counted_by_hand_agrees_with_the_count_and_with_ours() -> None:
    comparisons = compare_case(score_case(REFERENCE, PREDICTION), reference=REFERENCE, prediction=PREDICTION)
    found = {one.measure: one.theirs for one in comparisons if one.structure == "lesions"}
    assert {name: found[name] for name in COUNTED} == pytest.approx(COUNTED)
    assert (found["number of lesions"], found["number of findings"]) == (2, 2)
    kept = audit_case("case07", comparisons)
    assert (kept.case, kept.program, kept.differences) == ("case07", "medpy 0.5.2", ())
    assert kept.compared == len(comparisons) >= 9
    assert kept.worst < 1e-12


@pytest.mark.parametrize(
    "measure",
    ["dice", "iou", "volume_error", "hd", "hd95_pooled", "assd_pooled", "volume_reference_ml", "volume_prediction_ml"],
)
@pytest.mark.parametrize("wrong_by", [3e-6, None])
def test_a_wrong_number_is_found_and_nothing_else(measure: str, wrong_by: float | None) -> None:
    score = score_case(REFERENCE, PREDICTION)
    right = compare_case(score, reference=REFERENCE, prediction=PREDICTION)
    assert differing(right) == set()
    (theirs,) = [one.theirs for one in right if (one.structure, one.measure) == ("lesions", measure)]
    assert theirs is not None
    planted = None if wrong_by is None else theirs + wrong_by * max(1.0, abs(theirs))
    wrong = with_lesions(score, **{measure: planted})
    found = differing(compare_case(wrong, reference=REFERENCE, prediction=PREDICTION))
    assert found == {("lesions", measure)}


def test_a_number_that_is_no_number_differs_and_can_be_written_down() -> None:
    score = with_lesions(score_case(REFERENCE, PREDICTION), assd_pooled=float("nan"))
    kept = audit_case("case07", compare_case(score, reference=REFERENCE, prediction=PREDICTION))
    assert [one.measure for one in kept.differences] == ["assd_pooled"]
    assert kept.worst < 1e-12


def test_what_lies_below_the_tolerance_is_no_difference() -> None:
    score = score_case(REFERENCE, PREDICTION)
    nearly = with_lesions(score, dice=COUNTED["dice"] + 5e-7)
    kept = audit_case("case07", compare_case(nearly, reference=REFERENCE, prediction=PREDICTION))
    assert kept.differences == ()
    assert kept.worst == pytest.approx(5e-7)


def test_a_lesion_or_a_finding_too_few_is_found() -> None:
    score = score_case(REFERENCE, PREDICTION)
    fewer = replace(score, lesions=score.lesions[:1], findings=score.findings[1:])
    found = differing(compare_case(fewer, reference=REFERENCE, prediction=PREDICTION))
    assert found == {("lesions", "number of lesions"), ("lesions", "number of findings")}


def test_a_label_alone_stands_for_all_and_several_are_what_they_say() -> None:
    # Two boxes that meet at a corner only are one object of 26 neighbours, or two labels.
    boxes = (Box((2, 2, 2), (2, 2, 2), 4), Box((4, 4, 4), (2, 2, 2), 4))
    for reference, count in ((make_volume(*boxes), 1), (make_volume(boxes[0], replace(boxes[1], value=9)), 2)):
        comparisons = compare_case(score_case(reference, PREDICTION), reference=reference, prediction=PREDICTION)
        assert differing(comparisons) == set()
        assert comparisons[0] == Comparison(
            structure="lesions", measure="number of lesions", ours=float(count), theirs=float(count)
        )


def test_a_detection_map_is_what_lies_strictly_above_a_tenth() -> None:
    boxes = (Box((3, 2, 2), (4, 4, 4), 0.7), Box((2, 18, 8), (3, 1, 1), 0.1), Box((12, 2, 8), (2, 1, 1), 0.11))
    for dtype in (np.float32, np.float64):
        prediction = make_prediction(*boxes, dtype=dtype)
        comparisons = compare_case(score_case(REFERENCE, prediction), reference=REFERENCE, prediction=prediction)
        assert differing(comparisons) == set()
        found = {one.measure: one.theirs for one in comparisons if one.structure == "lesions"}
        assert found["volume_prediction_ml"] == pytest.approx((64 + 2) / 1000)
        assert found["number of findings"] == 2


@pytest.mark.parametrize("reference", [make_volume(), REFERENCE])
@pytest.mark.parametrize("prediction", [make_prediction(), PREDICTION])
def test_empty_masks_give_what_our_convention_says(reference: Volume, prediction: Prediction) -> None:
    score = score_case(reference, prediction)
    assert differing(compare_case(score, reference=reference, prediction=prediction)) == set()


def test_another_convention_for_empty_masks_is_found() -> None:
    nothing, empty = make_prediction(), make_volume()
    both = with_lesions(score_case(empty, nothing), dice=1.0)
    assert differing(compare_case(both, reference=empty, prediction=nothing)) == {("lesions", "dice")}
    missed = with_lesions(score_case(REFERENCE, nothing), dice=None, hd95_pooled=100.0)
    found = differing(compare_case(missed, reference=REFERENCE, prediction=nothing))
    assert found == {("lesions", "dice"), ("lesions", "hd95_pooled")}


@pytest.mark.parametrize("labels", [(1, 1), (5, 3)])
def test_the_outline_of_a_hit_is_compared_with_its_own_finding(labels: tuple[int, int]) -> None:
    # The second lesion of the parts comes first in the scan's order of i, so that an order by i would swap the two.
    far = Box((0, 0, 10), (1, 1, 1), labels[1])
    reference = make_volume(replace(LESIONS[0], value=labels[0]), far)
    score = with_outline(score_case(reference, PREDICTION), OUTLINE, lesion=1 if labels[0] == labels[1] else labels[0])
    comparisons = compare_case(score, reference=reference, prediction=PREDICTION)
    outlined = {one.measure for one in comparisons if one.structure.startswith("lesion ")}
    assert outlined == {"dice", "iou", "volume_error", "hd", "hd95_pooled", "assd_pooled"} | {
        f"volume_{side}_ml" for side in ("reference", "prediction")
    }
    assert differing(comparisons) == set()


def test_the_outline_of_another_finding_is_found() -> None:
    score = with_outline(score_case(REFERENCE, PREDICTION), OUTLINE)
    swapped = replace(score, lesions=(replace(score.lesions[0], finding=2), *score.lesions[1:]))
    found = differing(compare_case(swapped, reference=REFERENCE, prediction=PREDICTION))
    assert {("lesion 1", "dice"), ("lesion 1", "hd"), ("lesion 1", "volume_prediction_ml")} <= found
    for gone in (replace(score.lesions[0], finding=7), replace(score.lesions[0], outline=None)):
        without = replace(score, lesions=(gone, *score.lesions[1:]))
        assert ("lesion 1", "dice") in differing(compare_case(without, reference=REFERENCE, prediction=PREDICTION))


def test_findings_that_a_rule_drops_are_not_counted() -> None:
    reference = make_volume(Box((4, 4, 4), (8, 4, 4)))
    prediction = make_prediction(Box((4, 4, 4), (2, 4, 4), 1), Box((6, 4, 4), (6, 4, 4), 2))
    score = score_case(reference, prediction, hit_rule="picai")
    assert differing(compare_case(score, reference=reference, prediction=prediction)) != set()
    plain = compare_case(score, reference=reference, prediction=prediction, plain_findings=False)
    assert differing(plain) == set()
    assert "number of findings" not in {one.measure for one in plain}


@pytest.mark.parametrize("names", [{1: "pancreas", 2: "spleen"}, None])
def test_organs_are_compared_label_by_label_and_one_that_is_not_given_is_refused(names: dict[int, str] | None) -> None:
    organs = make_volume(Box((0, 0, 0), (8, 8, 8), 1), Box((10, 10, 2), (4, 4, 4), 2))
    found = make_volume(Box((0, 0, 0), (8, 8, 7), 1), Box((10, 10, 2), (4, 4, 4), 2))
    prediction = replace(PREDICTION, organs=found)
    score = score_case(REFERENCE, prediction, organs=organs, organ_names=names)
    given = {"reference": REFERENCE, "prediction": prediction, "organs": organs, "organ_names": names}
    comparisons = compare_case(score, **given)  # type: ignore[arg-type]
    assert differing(comparisons) == set()
    pancreas = names[1] if names else "1"
    counted = {one.measure: one.theirs for one in comparisons if one.structure == pancreas}
    assert counted["dice"] == pytest.approx(2 * 448 / (512 + 448))
    assert counted["hd"] == 1.0
    wrong = replace(score, structures={**score.structures, pancreas: score.structures["lesions"]})
    assert (pancreas, "dice") in differing(compare_case(wrong, **given))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=pancreas):
        compare_case(score, reference=REFERENCE, prediction=PREDICTION)


def test_a_sheared_grid_is_compared_but_for_distances() -> None:
    affine = np.eye(4)
    affine[0, 2] = 0.2  # a tilted gantry: medpy knows no such thing
    grid = Grid((24, 24, 12), affine)
    reference, prediction = make_volume(*LESIONS, grid=grid), make_prediction(*FINDINGS, grid=grid)
    comparisons = compare_case(score_case(reference, prediction), reference=reference, prediction=prediction)
    assert differing(comparisons) == set()
    assert {"dice", "volume_reference_ml"} <= {one.measure for one in comparisons}
    assert not {"hd", "hd95_pooled", "assd_pooled"} & {one.measure for one in comparisons}


def test_masks_too_far_apart_for_medpy_are_not_audited() -> None:
    score = score_case(REFERENCE, PREDICTION)
    box = (14 + 2) * (17 + 2) * (7 + 2)  # from 2, 2, 2 to 15, 18, 8, and one voxel around
    compare_case(score, reference=REFERENCE, prediction=PREDICTION, largest_box=box)
    with pytest.raises(TooLargeToAudit, match="16 × 19 × 9"):
        compare_case(score, reference=REFERENCE, prediction=PREDICTION, largest_box=box - 1)
    assert LARGEST_BOX > 512 * 512 * 300


@st.composite
def cases(draw: st.DrawFn) -> tuple[Volume, Prediction]:
    shape = draw(st.tuples(*[st.integers(1, 10)] * 3))
    grid = make_grid(shape, draw(st.tuples(*[st.floats(0.4, 3.2)] * 3)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    reference, found = (
        np.where(rng.random(shape) < draw(st.floats(0, 0.9)), rng.integers(1, most, shape, endpoint=True), 0)
        for most in draw(st.tuples(*[st.integers(1, 3)] * 2))
    )
    arrange = draw(st.sampled_from([np.ascontiguousarray, np.asfortranarray]))
    if draw(st.booleans()):
        found = np.where(found > 0, rng.random(shape), 0).astype(draw(st.sampled_from([np.float32, np.float64])))
    return Volume(arrange(reference), grid), Prediction(lesions=Volume(arrange(found), grid))


@settings(max_examples=80, deadline=None)
@given(cases())
def test_ours_agrees_with_the_auditor_on_random_labels_and_maps(case: tuple[Volume, Prediction]) -> None:
    reference, prediction = case
    comparisons = compare_case(score_case(reference, prediction), reference=reference, prediction=prediction)
    assert len(comparisons) >= 7
    assert audit_case("", comparisons).differences == ()
    assert audit_case("", comparisons).worst < 1e-9
