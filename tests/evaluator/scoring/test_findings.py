from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evaluator.errors import FailureClass, OutputRefused, VolumeRefused
from evaluator.records import Prediction, Volume
from evaluator.scoring.extraction import MAP_THRESHOLD, get_extraction
from evaluator.scoring.findings import read_findings
from tests.phantoms import Box, make_grid, make_prediction

TWO = (Box((2, 2, 2), (3, 3, 3), 1), Box((12, 12, 6), (2, 2, 2), 2))


def test_a_bare_mask_has_sure_findings_and_a_likelihood_of_one() -> None:
    found = read_findings(make_prediction(Box((2, 2, 2), (3, 3, 3)), Box((12, 12, 6), (2, 2, 2))))
    assert found.objects.ids == (1, 2)
    assert found.confidences.tolist() == [1.0, 1.0]
    assert (found.likelihood, found.likelihood_source) == (1.0, "mask")


def test_an_empty_mask_has_no_finding_and_a_likelihood_of_nought() -> None:
    found = read_findings(make_prediction())
    assert found.objects.ids == ()
    assert (found.likelihood, found.likelihood_source) == (0.0, "mask")


def test_a_findings_file_gives_each_label_its_confidence_and_the_patient_the_largest() -> None:
    found = read_findings(replace(make_prediction(*TWO), confidences={2: 0.4, 1: 0.3}))
    assert found.confidences.tolist() == [0.3, 0.4]
    assert (found.likelihood, found.likelihood_source) == (0.4, "findings")


def test_an_empty_findings_file_beside_an_empty_mask_says_nought() -> None:
    found = read_findings(replace(make_prediction(), confidences={}))
    assert (found.likelihood, found.likelihood_source) == (0.0, "findings")


def test_one_label_for_all_gives_its_confidence_to_every_component() -> None:
    boxes = (Box((2, 2, 2), (3, 3, 3)), Box((12, 12, 6), (2, 2, 2)))
    found = read_findings(replace(make_prediction(*boxes), confidences={1: 0.7}))
    assert found.confidences.tolist() == [0.7, 0.7]


def test_the_predictions_own_likelihood_comes_first() -> None:
    found = read_findings(replace(make_prediction(*TWO), confidences={1: 0.9, 2: 0.8}, likelihood=0.05))
    assert (found.likelihood, found.likelihood_source) == (0.05, "prediction")


@pytest.mark.parametrize(
    ("confidences", "why"),
    [({1: 0.5}, "only in the labels: 2"), ({1: 0.5, 2: 0.5, 7: 0.5}, "only in the file: 7"), ({}, "1, 2")],
)
def test_labels_and_findings_file_must_agree(confidences: dict[int, float], why: str) -> None:
    with pytest.raises(OutputRefused) as refused:
        read_findings(replace(make_prediction(*TWO), confidences=confidences))
    assert why in refused.value.why


def test_a_map_is_split_into_components_with_their_maximum_as_confidence() -> None:
    prediction = make_prediction(
        Box((2, 2, 2), (4, 4, 2), 0.25),
        Box((3, 3, 2), (1, 1, 1), 0.75),
        Box((12, 12, 6), (2, 2, 2), 0.5),
        Box((20, 20, 6), (2, 2, 2), 0.0625),
        dtype=np.float32,
    )
    found = read_findings(prediction)
    assert found.objects.sizes.tolist() == [32, 8]  # the faintest lies below the threshold
    assert found.confidences.tolist() == [0.75, 0.5]
    assert (found.likelihood, found.likelihood_source) == (0.75, "map")


def test_a_map_too_faint_for_a_finding_still_has_a_likelihood() -> None:
    found = read_findings(make_prediction(Box((2, 2, 2), (4, 4, 2), MAP_THRESHOLD), dtype=np.float64))
    assert found.objects.ids == ()
    assert (found.likelihood, found.likelihood_source) == (MAP_THRESHOLD, "map")


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.01, 1.01])
def test_one_bad_voxel_of_a_map_refuses_it(value: float) -> None:
    with pytest.raises(VolumeRefused, match="detection map"):
        read_findings(make_prediction(Box((2, 2, 2), (1, 1, 1), value), dtype=np.float32))


def test_a_mask_of_truth_values_is_a_mask() -> None:
    data = np.zeros((24, 24, 12), dtype=bool)
    data[3, 3, 3] = True
    found = read_findings(Prediction(lesions=Volume(data, make_grid())))
    assert found.likelihood_source == "mask"
    assert found.objects.sizes.tolist() == [1]


@pytest.mark.parametrize(
    "prediction",
    [
        make_prediction(*[Box((4 * n, 2, 2), (1, 1, 1), n + 1) for n in range(4)]),
        make_prediction(*[Box((4 * n, 2, 2), (1, 1, 1), 1) for n in range(4)]),
        make_prediction(*[Box((4 * n, 2, 2), (1, 1, 1), 0.5) for n in range(4)], dtype=np.float32),
    ],
    ids=["labels", "one label for all", "map"],
)
def test_more_findings_than_are_read_are_refused(prediction: Prediction) -> None:
    assert len(read_findings(prediction, most=4).objects.ids) == 4
    with pytest.raises(OutputRefused, match=r"lesions\.nii\.gz holds 4 findings") as refused:
        read_findings(replace(prediction, name="lesions.nii.gz"), most=3)
    assert refused.value.failure is FailureClass.OUTPUT_INVALID
    assert refused.value.why == "At most 3 are read per case."
    assert refused.value.next_step == "Remove specks before writing."


def test_the_likelihood_of_a_map_is_its_maximum_however_it_is_cut() -> None:
    prediction = make_prediction(
        Box((2, 2, 2), (3, 3, 3), 0.5), Box((12, 12, 6), (1, 1, 1), 0.75), dtype=np.float32
    )  # picai-dynamic takes nothing of 10 voxels or less
    found = read_findings(prediction, extraction=get_extraction("picai-dynamic"))
    assert found.confidences.tolist() == [0.5]
    assert (found.likelihood, found.likelihood_source) == (0.75, "map")


def test_labels_are_cut_by_the_connectivity_asked_for() -> None:
    prediction = make_prediction(Box((2, 2, 2), (2, 2, 2)), Box((4, 4, 4), (2, 2, 2)))
    assert len(read_findings(prediction).objects.ids) == 1
    assert len(read_findings(prediction, extraction=get_extraction(connectivity=18)).objects.ids) == 2
