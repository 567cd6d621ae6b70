from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pytest

from evaluator.cli import main
from evaluator.volumes import write_nifti
from tests.phantoms import Box, make_grid, make_volume

GRID = make_grid((24, 24, 12), spacing=(-0.8, -0.8, 2.0), origin=(40.0, 30.0, -200.0))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lesions = (Box((2, 2, 2), (4, 4, 4)), Box((14, 14, 4), (2, 2, 2)))
    write_nifti(tmp_path / "reference.nii.gz", make_volume(*lesions, grid=GRID))
    findings = (Box((3, 2, 2), (4, 4, 4), 1), Box((2, 18, 8), (3, 1, 1), 2))
    write_nifti(tmp_path / "prediction.nii.gz", make_volume(*findings, grid=GRID))
    return tmp_path


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


class Evaluate(Protocol):
    def __call__(self, *options: str, prediction: str = "prediction.nii.gz") -> Ended: ...


@pytest.fixture
def evaluate(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Evaluate:
    """Runs ``evaluator score`` in this process."""
    monkeypatch.chdir(folder)

    def run(*options: str, prediction: str = "prediction.nii.gz") -> Ended:
        files = ("--reference", "reference.nii.gz", "--prediction", prediction)
        monkeypatch.setattr("sys.argv", ["evaluator", "score", *files, *options])
        with pytest.raises(SystemExit) as ended:
            main()
        assert isinstance(ended.value.code, int)
        printed = capsys.readouterr()
        return Ended(ended.value.code, printed.out, printed.err)

    return run


def as_json(evaluate: Evaluate, *options: str, prediction: str = "prediction.nii.gz") -> dict[str, Any]:
    ended = evaluate(*options, "--json", prediction=prediction)
    assert ended.code == 0, ended.err
    document: dict[str, Any] = json.loads(ended.out)
    return document


def test_the_json_is_what_the_interface_promises(folder: Path, evaluate: Evaluate) -> None:
    document = as_json(evaluate)
    assert list(document) == [
        "schema", "scorer", "hit_rule", "extraction", "connectivity",
        "structures", "lesions", "findings", "likelihood", "likelihood_source",
    ]  # fmt: skip
    structure = document["structures"]["lesions"]
    assert structure["dice"] == pytest.approx(2 * 48 / (72 + 67))
    assert list(structure["nsd"]) == ["2.0"]
    assert structure["volume_reference_ml"] == pytest.approx(72 * 1.28 / 1000)
    assert {"hd95_pooled", "hd95_max", "assd_pooled", "masd", "volume_prediction_ml"} <= set(structure)
    first, second = document["lesions"]
    assert (first["id"], first["hit"], first["finding"]) == (1, True, 1)
    assert (second["id"], second["hit"], second["finding"]) == (2, False, None)
    assert first["diameter_mm"] == pytest.approx(np.hypot(2.4, 2.4), rel=1e-6)
    assert first["centre_mm"] == pytest.approx([40 - 3.5 * 0.8, 30 - 3.5 * 0.8, -200 + 3.5 * 2], rel=1e-6)
    assert [(finding["id"], finding["confidence"], finding["lesion"]) for finding in document["findings"]] == [
        (1, 1.0, 1),
        (2, 1.0, None),
    ]
    assert (document["likelihood"], document["likelihood_source"]) == (1.0, "mask")


def test_options_change_tolerances_rule_confidences_and_locations(folder: Path, evaluate: Evaluate) -> None:
    (folder / "findings.json").write_text('[{"label": 1, "confidence": 0.25}, {"label": 2, "confidence": 0.5}]')
    write_nifti(folder / "organs.nii.gz", make_volume(Box((0, 0, 0), (24, 24, 12), 3), grid=GRID))
    document = as_json(
        evaluate, "--tolerance", "1", "--tolerance", "2.5", "--hit-rule", "iou>=0.9",
        "--findings", "findings.json", "--organs", "organs.nii.gz",
    )  # fmt: skip
    assert list(document["structures"]["lesions"]["nsd"]) == ["1.0", "2.5"]
    assert [lesion["hit"] for lesion in document["lesions"]] == [False, False]
    assert [lesion["location"] for lesion in document["lesions"]] == ["3", "3"]
    assert (document["likelihood"], document["likelihood_source"]) == (0.5, "findings")


def test_a_detection_map_is_cut_as_asked_and_the_answer_says_how(folder: Path, evaluate: Evaluate) -> None:
    # A core of 4 × 4 × 4 at 0.75 whose corner touches 2 × 2 × 2 at 0.25; 0.25 is less than 0.75 / 2.5.
    boxes = (Box((2, 2, 2), (4, 4, 4), 0.75), Box((6, 6, 6), (2, 2, 2), 0.25))
    write_nifti(folder / "map.nii.gz", make_volume(*boxes, grid=GRID, dtype=np.float32))

    def voxels(*options: str) -> list[int]:
        document = as_json(evaluate, *options, prediction="map.nii.gz")
        assert (document["extraction"], document["connectivity"]) == (
            options[1] if "--extraction" in options else "threshold",
            6 if "--connectivity" in options else 26,
        )
        return [round(finding["volume_ml"] / 0.00128) for finding in document["findings"]]

    assert voxels() == [72]
    assert voxels("--extraction", "picai-dynamic") == [64]
    assert voxels("--extraction", "threshold>0.5") == [64]
    assert voxels("--connectivity", "6") == [64, 8]


def test_empty_masks_give_nulls_not_nans(folder: Path, evaluate: Evaluate) -> None:
    write_nifti(folder / "empty.nii.gz", make_volume(grid=GRID))
    structure = as_json(evaluate, prediction="empty.nii.gz")["structures"]["lesions"]
    assert (structure["dice"], structure["nsd"], structure["hd95_pooled"]) == (0.0, {"2.0": 0.0}, None)
    (folder / "empty.nii.gz").replace(folder / "reference.nii.gz")
    document = as_json(evaluate)
    assert document["structures"]["lesions"]["dice"] is None
    assert document["lesions"] == []


def test_without_json_a_person_reads_a_table(folder: Path, evaluate: Evaluate) -> None:
    shown = evaluate()
    assert shown.code == 0, shown.err
    for text in ("Dice", "NSD at 2.0 mm", "Lesions, hit by hit/1", "Findings", "Likelihood 1, from the mask"):
        assert text in shown.out


def test_a_prediction_on_another_grid_is_refused_with_3(folder: Path, evaluate: Evaluate) -> None:
    write_nifti(folder / "other.nii.gz", make_volume(grid=make_grid((24, 24, 12))))
    refused = evaluate("--json", prediction="other.nii.gz")
    assert (refused.code, refused.out) == (3, "")
    assert "other.nii.gz does not lie on the expected grid" in refused.err
    assert "Traceback" not in refused.err


def test_damaged_missing_and_nan_files_are_refused_with_3(folder: Path, evaluate: Evaluate) -> None:
    whole = (folder / "prediction.nii.gz").read_bytes()
    (folder / "cut.nii.gz").write_bytes(whole[:-20])
    hole = make_volume(Box((1, 1, 1), (1, 1, 1), np.nan), grid=GRID, dtype=np.float32)
    write_nifti(folder / "nan.nii.gz", hole)
    for name in ("cut.nii.gz", "nan.nii.gz", "missing.nii.gz"):
        refused = evaluate(prediction=name)
        assert refused.code == 3
        assert "Next:" in refused.err


@pytest.mark.parametrize(
    "content",
    ['[{"label": 1, "confidence": 1.5}]', '[{"label": 1, "confidence": 0.5}]', "{", '[{"label": 0, "confidence": 1}]'],
)
def test_a_findings_file_that_does_not_fit_is_refused_with_3(folder: Path, evaluate: Evaluate, content: str) -> None:
    (folder / "findings.json").write_text(content)
    assert evaluate("--findings", "findings.json").code == 3


@pytest.mark.parametrize(
    "options",
    [
        ("--hit-rule", "hit/9"),
        ("--extraction", "best"),
        ("--connectivity", "8"),
        ("--tolerance", "-1"),
        ("--tolerance", "nan"),
        ("--x",),
    ],
)
def test_what_cannot_be_asked_ends_with_2(folder: Path, evaluate: Evaluate, options: tuple[str, ...]) -> None:
    assert evaluate(*options).code == 2


def test_an_unknown_rule_is_answered_with_the_rules(folder: Path, evaluate: Evaluate) -> None:
    assert "hit/1, any-overlap, iou>=T, dice>=T, centre<=MM, picai" in evaluate("--hit-rule", "hit/9").err


def test_the_module_itself_is_the_command(folder: Path) -> None:
    command = [sys.executable, "-m", "evaluator", "score", "--reference", "reference.nii.gz", "--prediction", "x.nii"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert ended.returncode == 3
    assert ended.stderr.startswith("Error: x.nii is not a file.")
