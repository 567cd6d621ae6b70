"""The grand-challenge contract: the interfaces of the PANORAMA challenge."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import numpy as np
import pytest

from evaluator.contract import InputCase, WrittenOutput, get_contract
from evaluator.errors import FailureClass, OutputRefused
from evaluator.records import CaseRecord, Prediction, TruthSource, Volume
from evaluator.volumes import write_mha
from tests.tiny_cohorts import GRID

CONTRACT = get_contract("grand-challenge")
NAME = uuid.UUID(int=12).hex
MAP = "images/pdac-detection-map"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    """One float64 map and a bare number."""
    data = np.zeros(GRID.shape, dtype=np.float64)
    data[3, 3, 3] = 0.75
    (tmp_path / MAP).mkdir(parents=True)
    write_mha(tmp_path / MAP / "anything.mha", Volume(data, GRID))
    (tmp_path / "pdac-likelihood.json").write_text("0.75")
    return tmp_path


def read(output: Path, refused: dict[str, str] | None = None) -> Prediction:
    written = WrittenOutput(folder=output, refused=refused or {})
    return CONTRACT.read(written, NAME, grid=GRID, json_bytes=1000)


def test_the_scan_its_clinical_information_and_their_interfaces_are_laid_out(tmp_path: Path) -> None:
    record = CaseRecord(
        case="secret", patient="p", cancer=True, index_scan=True, reference=TruthSource.MASK, age=60, sex="F"
    )
    scan = tmp_path / "scan.mha"
    scan.write_bytes(b"scan")
    (tmp_path / "input").mkdir()

    CONTRACT.write_inputs([InputCase(id=NAME, scan=scan, record=record)], tmp_path / "input")

    laid_out = sorted(str(path.relative_to(tmp_path / "input")) for path in (tmp_path / "input").rglob("*.*"))
    assert laid_out == [
        "clinical-information-pancreatic-ct.json",
        f"images/venous-ct/{uuid.UUID(NAME)}.mha",
        "inputs.json",
    ]
    items = json.loads((tmp_path / "input" / "inputs.json").read_text())
    named = {item["interface"]["slug"]: item["interface"]["relative_path"] for item in items}
    assert named == {
        "venous-ct": "images/venous-ct",
        "clinical-information-pancreatic-ct": "clinical-information-pancreatic-ct.json",
    }
    clinical = json.loads((tmp_path / "input" / "clinical-information-pancreatic-ct.json").read_text())
    assert clinical == {"age": 60, "sex": "F"}


def test_a_map_and_a_bare_number_are_a_prediction(output: Path) -> None:
    prediction = read(output)

    assert prediction.likelihood == 0.75
    assert prediction.name == f"{MAP}/*.mha"
    assert prediction.lesions.data[3, 3, 3] == 0.75


def test_what_a_map_is_called_is_in_no_error_for_it_could_tell_of_the_scan(output: Path) -> None:
    (output / MAP / "anything.mha").write_bytes(b"no image")
    with pytest.raises(OutputRefused) as unreadable:
        read(output)
    (output / MAP / "anything.mha").unlink()
    with pytest.raises(OutputRefused) as linked:
        read(output, {f"{MAP}/anything.mha": "is a link"})

    assert str(unreadable.value).startswith(f"{MAP}/*.mha cannot be read as a volume")
    assert "anything" not in f"{unreadable.value} {linked.value}"


def test_two_maps_are_refused(output: Path) -> None:
    (output / MAP / "another.mha").write_bytes((output / MAP / "anything.mha").read_bytes())

    with pytest.raises(OutputRefused, match="2 files"):
        read(output)


def test_no_map_is_missing_and_a_linked_one_is_invalid(output: Path) -> None:
    (output / MAP / "anything.mha").unlink()

    with pytest.raises(OutputRefused, match=r"No \.mha") as missing:
        read(output)
    with pytest.raises(OutputRefused, match="is a link") as linked:
        read(output, {f"{MAP}/map.mha": "is a link"})

    assert missing.value.failure is FailureClass.OUTPUT_MISSING
    assert linked.value.failure is FailureClass.OUTPUT_INVALID


@pytest.mark.parametrize("text", ['{"likelihood": 0.5}', "NaN", "2", "[0.5]", "null"])
def test_a_likelihood_that_is_no_bare_probability_is_refused(output: Path, text: str) -> None:
    (output / "pdac-likelihood.json").write_text(text)

    with pytest.raises(OutputRefused):
        read(output)


def test_the_output_volume_holds_an_uncompressed_float64_map() -> None:
    voxels = 512 * 512 * 300
    assert CONTRACT.output_bytes(voxels) == 8 * voxels + 64 * 1024**2
