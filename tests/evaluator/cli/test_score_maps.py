"""`score` on label maps that hold lesions and organs, on predicted organs, and what may not be asked together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evaluator.volumes import write_nifti
from tests.evaluator.cli.shell import Called, call
from tests.phantoms import Box, make_grid, make_volume

GRID = make_grid((24, 24, 12), spacing=(-0.8, -0.8, 2.0), origin=(40.0, 30.0, -200.0))
ORGAN, OTHER = Box((2, 2, 2), (10, 10, 6), 1), Box((16, 2, 2), (4, 4, 4), 5)
OURS = (ORGAN, OTHER, Box((4, 4, 3), (4, 4, 3), 2))
THEIRS = (ORGAN, Box((17, 2, 2), (4, 4, 4), 5), Box((5, 4, 3), (4, 4, 3), 2), Box((9, 9, 7), (1, 1, 1), 2))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_nifti(tmp_path / "ours.nii.gz", make_volume(*OURS, grid=GRID))
    write_nifti(tmp_path / "theirs.nii.gz", make_volume(*THEIRS, grid=GRID))
    (tmp_path / "names.json").write_text('{"1": "pancreas", "5": "spleen"}')
    return tmp_path


def score(*options: str, reference: str = "ours.nii.gz", prediction: str = "theirs.nii.gz") -> Called:
    return call("score", "--reference", reference, "--prediction", prediction, *options)


def document(*options: str, **files: str) -> dict[str, Any]:
    called = score(*options, "--json", **files)
    assert called.code == 0, called.err
    found: dict[str, Any] = json.loads(called.out)
    return found


def test_one_label_marks_the_lesions_and_every_other_is_a_structure(folder: Path) -> None:
    found = document("--lesion-label", "2")
    assert list(found["structures"]) == ["lesions", "1", "5"]
    assert found["structures"]["lesions"]["dice"] == pytest.approx(2 * 36 / (48 + 49))
    assert found["structures"]["5"]["dice"] == pytest.approx(2 * 48 / 128)
    (lesion,) = found["lesions"]
    assert (lesion["hit"], lesion["slices"]) == (True, [3, 5])
    assert lesion["outline"]["iou"] == pytest.approx(36 / 60)  # without the other finding
    assert len(found["findings"]) == 2


def test_names_choose_the_structures(folder: Path) -> None:
    assert list(document("--lesion-label", "2", "--names", "names.json")["structures"]) == [
        "lesions",
        "pancreas",
        "spleen",
    ]


def test_the_audit_knows_label_maps_too(folder: Path) -> None:
    for options in ((), ("--names", "names.json")):
        audit = document("--lesion-label", "2", "--audit", *options)["audit"]
        assert audit["differences"] == []
        assert {one["structure"] for one in audit["comparisons"]} >= {"lesions", "lesion 1"}
        assert len({one["structure"] for one in audit["comparisons"]}) == 4


def test_predicted_organs_are_scored_beside_the_lesions(folder: Path) -> None:
    write_nifti(folder / "lesions.nii.gz", make_volume(Box((4, 4, 3), (4, 4, 3)), grid=GRID))
    organs = ("--organs", "ours.nii.gz", "--predicted-organs", "theirs.nii.gz", "--names", "names.json", "--audit")
    found = document(*organs, reference="lesions.nii.gz", prediction="lesions.nii.gz")
    assert list(found["structures"]) == ["lesions", "pancreas", "spleen"]
    assert found["structures"]["spleen"]["iou"] == pytest.approx(48 / 80)
    assert found["lesions"][0]["location"] == "pancreas"  # which surrounds it


@pytest.mark.parametrize(
    "options",
    [
        ("--lesion-label", "2", "--organs", "ours.nii.gz"),
        ("--lesion-label", "2", "--connectivity", "6"),
        ("--lesion-label", "2", "--map"),
        ("--predicted-organs", "theirs.nii.gz"),
        ("--audit", "--extraction", "picai-dynamic"),
        ("--device", "tpu"),
    ],
)
def test_what_does_not_go_together_ends_with_2(folder: Path, options: tuple[str, ...]) -> None:
    refused = score(*options)
    assert (refused.code, refused.out) == (2, "")
    assert "Next:" in refused.err


def test_names_that_are_no_json_are_refused_with_3(folder: Path) -> None:
    (folder / "names.json").write_text('{"one": "pancreas"}')
    refused = score("--lesion-label", "2", "--names", "names.json")
    assert refused.code == 3
    assert '{"1": "pancreas", "2": "liver"}' in refused.err


def test_a_person_reads_every_structure(folder: Path) -> None:
    shown = score("--lesion-label", "2", "--names", "names.json").out
    for text in (
        "pancreas (lesions/2)",
        "NSD at 2.0 mm, voxels",
        "NSD at 2.0 mm, area",
        "Volume error",
        "hit by",
    ):
        assert text in shown
