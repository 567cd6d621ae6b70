"""The ``folder`` contract: many cases per container, NIfTI in, NIfTI and JSON out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated

import msgspec

from evaluator.contract.contract import InputCase, WrittenOutput
from evaluator.contract.reading import read_json, read_lesions, require_file, require_probability
from evaluator.errors import OutputRefused
from evaluator.records import Grid, Prediction

SCHEMA = "folder/1"
LESIONS, FINDINGS, PREDICTION = "lesions.nii.gz", "findings.json", "prediction.json"


class ListedFinding(msgspec.Struct, frozen=True):
    label: Annotated[int, msgspec.Meta(ge=1)]
    confidence: float


class PatientPrediction(msgspec.Struct, frozen=True):
    likelihood: float


class FolderContract:
    """/input/<id>/ct.nii.gz to /output/<id>/, `prediction.json` last."""

    name = "folder"
    scan_suffix = ".nii.gz"
    cases_per_container: int | None = None
    read_only = True
    replace_root = True
    environment: Mapping[str, str] = MappingProxyType({"HOME": "/tmp", "TMPDIR": "/tmp", "USER": "submission"})  # noqa: S108 - inside the container

    def output_bytes(self, voxels: int) -> int:
        return voxels  # compressed labels of one case; the limits give far more

    def write_inputs(self, cases: Sequence[InputCase], into: Path) -> None:
        listed = []
        for case in cases:
            folder = into / case.id
            folder.mkdir()
            os.link(case.scan, folder / "ct.nii.gz")
            phase = {"phase": case.record.phase} if case.record.phase else {}
            listed.append({"id": case.id, "ct": f"{case.id}/ct.nii.gz", **phase})
        (into / "cases.json").write_bytes(msgspec.json.encode({"contract": SCHEMA, "cases": listed}))

    def completion_mark(self, case: str) -> PurePosixPath:
        return PurePosixPath(case, PREDICTION)

    def wanted(self, path: PurePosixPath) -> bool:
        return len(path.parts) == 2 and path.name in (LESIONS, FINDINGS, PREDICTION)

    def read(self, output: WrittenOutput, case: str, *, grid: Grid, json_bytes: int) -> Prediction:
        marks, masks = require_file(output, f"{case}/{PREDICTION}"), require_file(output, f"{case}/{LESIONS}")
        listed = require_file(output, f"{case}/{FINDINGS}", optional=True)
        assert marks is not None
        assert masks is not None
        patient = read_json(marks, PREDICTION, PatientPrediction, most_bytes=json_bytes)
        lesions = read_lesions(masks, LESIONS, grid=grid)
        confidences = None
        if listed is not None and lesions.data.dtype.kind != "f":
            confidences = _confidences(read_json(listed, FINDINGS, list[ListedFinding], most_bytes=json_bytes))
        return Prediction(
            name=LESIONS,
            lesions=lesions,
            confidences=confidences,
            likelihood=require_probability(patient.likelihood, "The likelihood"),
        )


def _confidences(listed: Sequence[ListedFinding]) -> dict[int, float]:
    found = {item.label: require_probability(item.confidence, f"The confidence of {item.label}") for item in listed}
    if len(found) < len(listed):
        raise OutputRefused(f"{FINDINGS} names a label twice.")
    return found
