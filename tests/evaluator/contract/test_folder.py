"""The folder contract: what is laid out, and what is refused of what comes back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.contract import InputCase, WrittenOutput, get_contract
from evaluator.errors import FailureClass, OutputRefused, UsageError
from evaluator.records import CaseRecord, Grid, Prediction, TruthSource, Volume
from evaluator.volumes import write_nifti
from tests.tiny_cohorts import GRID

RECORD = CaseRecord(
    case="secret",
    patient="p",
    cancer=True,
    index_scan=True,
    reference=TruthSource.MASK,
    phase="venous",
    age=60,
    sex="F",
)
CONTRACT = get_contract("folder")


def labels(*values: float, dtype: str = "uint8") -> NDArray[np.generic]:
    data = np.zeros(GRID.shape, dtype=dtype)
    data[2 : 2 + 2 * len(values) : 2, 0, 0] = values
    return data


class Written:
    """An output folder with one case, as a good submission leaves it until a test spoils it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.case = folder / "abc"
        self.case.mkdir(parents=True)
        self.refused: dict[str, str] = {}
        self.lesions(labels(1))
        self.json("prediction.json", {"likelihood": 0.87})

    def lesions(self, data: NDArray[np.generic], grid: Grid = GRID) -> None:
        write_nifti(self.case / "lesions.nii.gz", Volume(data, grid))

    def json(self, name: str, value: object) -> None:
        (self.case / name).write_text(value if isinstance(value, str) else json.dumps(value))

    def read(self) -> Prediction:
        output = WrittenOutput(folder=self.folder, refused=self.refused)
        return CONTRACT.read(output, "abc", grid=GRID, json_bytes=10_000)


@pytest.fixture
def written(tmp_path: Path) -> Written:
    return Written(tmp_path / "output")


def test_cases_are_listed_in_the_order_given_under_their_random_names(tmp_path: Path) -> None:
    scan = tmp_path / "scan.nii.gz"
    scan.write_bytes(b"scan")
    (tmp_path / "input").mkdir()

    CONTRACT.write_inputs([InputCase(id=name, scan=scan, record=RECORD) for name in ("ff", "00")], tmp_path / "input")

    assert json.loads((tmp_path / "input" / "cases.json").read_text()) == {
        "contract": "folder/1",
        "cases": [
            {"id": "ff", "ct": "ff/ct.nii.gz", "phase": "venous"},
            {"id": "00", "ct": "00/ct.nii.gz", "phase": "venous"},
        ],
    }
    assert (tmp_path / "input" / "ff" / "ct.nii.gz").stat().st_ino == scan.stat().st_ino


def test_a_good_prediction_is_read(written: Written) -> None:
    prediction = written.read()

    assert prediction.likelihood == 0.87
    assert prediction.name == "lesions.nii.gz"
    assert prediction.confidences is None
    assert int(prediction.lesions.data.sum()) == 1


def test_confidences_come_with_labels(written: Written) -> None:
    written.lesions(labels(1, 2))
    written.json("findings.json", [{"label": 1, "confidence": 0.9}, {"label": 2, "confidence": 0}])

    assert written.read().confidences == {1: 0.9, 2: 0.0}


def test_a_detection_map_needs_no_findings_file(written: Written) -> None:
    written.lesions(labels(0.25, dtype="float32"))
    written.json("findings.json", [{"label": 1, "confidence": 0.9}])

    assert written.read().confidences is None
    assert written.read().lesions.data.dtype == np.float32


@pytest.mark.parametrize("name", ["lesions.nii.gz", "prediction.json"])
def test_a_required_file_that_is_missing_is_named(written: Written, name: str) -> None:
    (written.case / name).unlink()

    with pytest.raises(OutputRefused, match=name) as caught:
        written.read()

    assert caught.value.failure is FailureClass.OUTPUT_MISSING


def test_a_link_that_was_left_in_the_container_is_refused_and_not_missing(written: Written) -> None:
    written.refused["abc/lesions.nii.gz"] = "is a link or a device, not a regular file of its own"

    with pytest.raises(OutputRefused, match="link") as caught:
        written.read()

    assert caught.value.failure is FailureClass.OUTPUT_INVALID


@pytest.mark.parametrize(
    "text",
    [
        '{"likelihood": NaN}',
        '{"likelihood": 1.01}',
        '{"likelihood": -0.01}',
        '{"likelihood": 1e999}',
        '{"likelihood": "0.5"}',
        '{"likelihood": true}',
        "{}",
        "0.5",
        "",
        "\ufeff[",
        '{"likelihood": 0.5, "x": ' + "[" * 4000 + "]" * 4000 + "}",
        '{"likelihood": 0.5, "x": "' + "y" * 10_000 + '"}',
    ],
)
def test_a_prediction_that_is_no_likelihood_is_refused(written: Written, text: str) -> None:
    written.json("prediction.json", text)

    with pytest.raises(OutputRefused) as caught:
        written.read()

    assert caught.value.failure is FailureClass.OUTPUT_INVALID


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (labels(np.nan, dtype="float32"), "NaN or infinity"),
        (labels(np.inf, dtype="float32"), "NaN or infinity"),
        (labels(1.5, dtype="float32"), "outside 0 to 1"),
        (labels(-0.5, dtype="float64"), "outside 0 to 1"),
        (labels(-1, dtype="int16"), "negative label"),
    ],
)
def test_voxels_that_are_no_labels_and_no_map_are_refused(
    written: Written, data: NDArray[np.generic], match: str
) -> None:
    written.lesions(data)

    with pytest.raises(OutputRefused, match=match):
        written.read()


@pytest.mark.parametrize(
    "grid",
    [
        Grid((24, 24, 11), GRID.affine),
        Grid(GRID.shape, np.diag([2.0, 2.0, 2.01, 1.0])),
        Grid(GRID.shape, np.diag([-2.0, 2.0, 2.0, 1.0])),
    ],
)
def test_another_grid_is_refused(written: Written, grid: Grid) -> None:
    written.lesions(np.zeros(grid.shape, dtype=np.uint8), grid)

    with pytest.raises(OutputRefused, match="not lie on the CT's grid"):
        written.read()


def test_a_file_that_is_no_volume_is_refused_without_naming_our_folders(written: Written) -> None:
    (written.case / "lesions.nii.gz").write_bytes(b"not gzip")

    with pytest.raises(OutputRefused, match=r"lesions\.nii\.gz cannot be read") as caught:
        written.read()

    assert str(written.folder) not in str(caught.value)


@pytest.mark.parametrize(
    "findings",
    [
        {"label": 1},
        [{"label": 0, "confidence": 0.5}],
        [{"label": 1.5, "confidence": 0.5}],
        [{"label": 1, "confidence": 2}],
        [{"label": 1, "confidence": 0.5}, {"label": 1, "confidence": 0.6}],
    ],
)
def test_a_findings_file_that_lists_no_findings_is_refused(written: Written, findings: object) -> None:
    written.json("findings.json", findings)

    with pytest.raises(OutputRefused):
        written.read()


def test_only_a_cases_own_files_are_wanted() -> None:
    path = CONTRACT.completion_mark("abc")

    assert CONTRACT.wanted(path)
    assert not CONTRACT.wanted(path.with_name("weights.bin"))
    assert not CONTRACT.wanted(path / "x")
    assert not CONTRACT.wanted(path.parent)


def test_an_unknown_contract_is_a_question_of_usage() -> None:
    with pytest.raises(UsageError, match="no contract named"):
        get_contract("smoke-signals")
