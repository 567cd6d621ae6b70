"""Predictions that are meant to break the scorer, or might: the right answer, on a scan of 13 million voxels."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.records import CaseScore, Prediction, Volume
from evaluator.scoring import score_case
from tests.phantoms import Box, make_grid, make_volume

GRID = make_grid((256, 256, 200), spacing=(0.7, 0.7, 1.5))
LESION = Box((100, 100, 90), (10, 10, 10))
BY_VOXEL = 0.7 * 0.7 * 1.5 / 1000


def score(data: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], *lesions: Box) -> CaseScore:
    return score_case(make_volume(*(lesions or (LESION,)), grid=GRID), Prediction(lesions=Volume(data, GRID)))


def nothing() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.zeros(GRID.shape, dtype=np.uint8, order="F")


def test_a_prediction_of_everything_hits_nothing_and_its_distances_are_those_of_the_scans_faces() -> None:
    found = score(nothing() + np.uint8(1))
    assert len(found.findings) == 1
    assert found.lesions[0].hit is False
    structure = found.structures["lesions"]
    assert structure.dice == pytest.approx(2 * 1000 / (1000 + 256 * 256 * 200))
    # The farthest corner of the scan from the lesion's nearest corner.
    assert structure.hd == pytest.approx(np.hypot(np.hypot(146 * 0.7, 146 * 0.7), 100 * 1.5))


def test_two_voxels_are_a_lesion() -> None:
    data = nothing()
    data[100, 100, 90] = 1
    found = score(data, Box((100, 100, 90), (2, 1, 1)))
    assert found.lesions[0].hit is True
    assert found.lesions[0].diameter_mm == pytest.approx(0.7)
    assert found.structures["lesions"].iou == 0.5


def test_five_thousand_specks_are_five_thousand_findings_and_the_lesion_is_hit_once() -> None:
    data = nothing()
    data[2:252:10, 2:252:5, 2:200:50] = 1
    specks = int(data.sum())
    data[100:110, 100:110, 90:100] = 1
    assert specks == 25 * 50 * 4
    found = score(data)
    assert len(found.findings) == specks + 1
    assert sum(finding.lesion is not None for finding in found.findings) == 1
    assert found.lesions[0].outline is not None
    assert found.lesions[0].outline.dice == 1.0


def test_noise_is_one_large_finding() -> None:
    data = np.asfortranarray(np.random.default_rng(1).integers(0, 2, GRID.shape, dtype=np.uint8))
    found = score(data)
    volumes = [finding.volume_ml for finding in found.findings]
    assert sum(volumes) == pytest.approx(int(data.sum()) * BY_VOXEL)
    assert max(volumes) > 0.9999 * sum(volumes)  # at one half voxels connect through corners, but for some at the edges
    assert found.lesions[0].hit is False
