"""What `score` reads beside NIfTI labels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluator.records import Volume
from evaluator.volumes import write_mha, write_nifti
from tests.evaluator.cli.shell import call
from tests.evaluator.volumes.segmentations import write_seg
from tests.phantoms import Box, make_grid, make_volume

GRID = make_grid((24, 20, 12), spacing=(-0.8, -0.8, 2.0), origin=(40.0, 30.0, -200.0))
LESION = Box((2, 2, 2), (4, 4, 4))


@pytest.fixture
def reference(tmp_path: Path) -> Path:
    write_nifti(tmp_path / "reference.nii.gz", make_volume(LESION, grid=GRID))
    return tmp_path / "reference.nii.gz"


def score(reference: Path, prediction: Path, *options: str) -> dict[str, Any]:
    ended = call("score", "--reference", reference, "--prediction", prediction, *options, "--json")
    assert ended.code == 0, ended.err
    scored: dict[str, Any] = json.loads(ended.out)
    return scored


def test_eight_bits_are_a_map_where_map_is_said(reference: Path) -> None:
    """A blob of 204 (0.8) with 51 (0.2) around it; as labels it would be two findings."""
    data = make_volume(Box((1, 1, 1), (6, 6, 6), 51), Box(LESION.low, LESION.size, 204), grid=GRID).data
    prediction = reference.with_name("map.mha")
    write_mha(prediction, Volume(data, GRID))
    as_labels, as_map = score(reference, prediction), score(reference, prediction, "--map")
    assert [finding["confidence"] for finding in as_labels["findings"]] == [1.0, 1.0]
    assert [finding["confidence"] for finding in as_map["findings"]] == [float(np.float32(0.8))]
    assert as_map["likelihood_source"] == "map"


def test_labels_of_many_bits_are_no_map(reference: Path) -> None:
    prediction = reference.with_name("labels.nii.gz")
    write_nifti(prediction, make_volume(LESION, grid=GRID, dtype=np.int16))
    ended = call("score", "--reference", reference, "--prediction", prediction, "--map")
    assert ended.code == 3
    assert "voxels are int16" in ended.err


@pytest.mark.parametrize("flip", [(), (0,), (1, 2)])
def test_a_dicom_segmentation_is_scored_like_the_nifti_it_was_made_from(reference: Path, flip: tuple[int, ...]) -> None:
    data = make_volume(Box((3, 2, 2), (4, 4, 4), 1), Box((2, 16, 8), (3, 1, 1), 2), grid=GRID).data
    write_nifti(reference.with_name("a.nii.gz"), Volume(data, GRID))
    path = write_seg(reference.with_name("a.dcm"), data, GRID, segments=2, flip=flip)
    assert score(reference, path) == score(reference, reference.with_name("a.nii.gz"))


def test_a_dicom_segmentation_on_another_grid_ends_with_3(reference: Path) -> None:
    data = make_volume(LESION, grid=GRID).data
    path = write_seg(reference.with_name("a.dcm"), data, make_grid(GRID.shape, spacing=(-0.8, -0.8, 2.5)))
    ended = call("score", "--reference", reference, "--prediction", path)
    assert ended.code == 3
    assert "does not lie on the expected grid" in " ".join(ended.err.split())
