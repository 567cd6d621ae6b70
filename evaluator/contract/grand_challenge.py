"""The ``grand-challenge`` contract: existing algorithm images of that platform run unmodified, one case each."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType

import msgspec

from evaluator.contract.contract import InputCase, WrittenOutput
from evaluator.contract.reading import read_json, read_lesions, require_file, require_probability
from evaluator.errors import FailureClass, OutputRefused
from evaluator.records import CaseRecord, Grid, Prediction

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Interface:
    """An input or output of that platform: its slug and where it lies, which differ."""

    slug: str
    relative_path: str


SCAN = Interface(slug="venous-ct", relative_path="images/venous-ct")
CLINICAL = Interface(slug="clinical-information-pancreatic-ct", relative_path="clinical-information-pancreatic-ct.json")
DETECTION_MAP = Interface(slug="pdac-detection-map", relative_path="images/pdac-detection-map")
LIKELIHOOD = Interface(slug="pdac-likelihood", relative_path="pdac-likelihood.json")
# What the map is called where people read of it: its own name is the submission's to choose, and could tell of scans.
MAP_NAME = f"{DETECTION_MAP.relative_path}/*.mha"


class GrandChallengeContract:
    """The interfaces of the PANORAMA pancreatic cancer challenge."""

    name = "grand-challenge"
    scan_suffix = ".mha"
    cases_per_container: int | None = 1
    read_only = False  # these images write beside their own code
    replace_root = False
    environment: Mapping[str, str] = MappingProxyType({})

    def output_bytes(self, voxels: int) -> int:
        return 8 * voxels + 64 * MIB

    def write_inputs(self, cases: Sequence[InputCase], into: Path) -> None:
        (case,) = cases
        scan = into / SCAN.relative_path / f"{uuid.UUID(case.id)}.mha"
        scan.parent.mkdir(parents=True)
        os.link(case.scan, scan)
        (into / CLINICAL.relative_path).write_bytes(msgspec.json.encode(_clinical(case.record)))
        items = [
            {"interface": _described(SCAN, "Image"), "image": {"pk": scan.stem, "name": scan.name}, "value": None},
            {"interface": _described(CLINICAL, "Anything"), "image": None, "value": _clinical(case.record)},
        ]
        (into / "inputs.json").write_bytes(msgspec.json.encode(items))

    def completion_mark(self, case: str) -> PurePosixPath:
        return PurePosixPath(LIKELIHOOD.relative_path)

    def wanted(self, path: PurePosixPath) -> bool:
        is_map = path.parent == PurePosixPath(DETECTION_MAP.relative_path) and path.suffix == ".mha"
        return is_map or path == PurePosixPath(LIKELIHOOD.relative_path)

    def read(self, output: WrittenOutput, case: str, *, grid: Grid, json_bytes: int) -> Prediction:
        path = require_file(output, LIKELIHOOD.relative_path)
        assert path is not None
        likelihood = read_json(path, LIKELIHOOD.relative_path, float, most_bytes=json_bytes)
        found = require_file(output, _only_map(output), told_as=MAP_NAME)
        assert found is not None
        return Prediction(
            name=MAP_NAME,
            lesions=read_lesions(found, MAP_NAME, grid=grid),
            likelihood=require_probability(likelihood, "The likelihood"),
        )


def _only_map(output: WrittenOutput) -> str:
    folder = DETECTION_MAP.relative_path
    refused = [path for path in output.refused if str(PurePosixPath(path).parent) == folder]
    names = [f"{folder}/{path.name}" for path in sorted((output.folder / folder).glob("*.mha"))] + refused
    if not names:
        raise OutputRefused(
            f"No .mha file was written to {folder}.",
            failure=FailureClass.OUTPUT_MISSING,
            next_step=f"Write one detection map to /output/{folder}/.",
        )
    if len(names) > 1:
        raise OutputRefused(f"{len(names)} files were written to {folder}.", why="Exactly one is read.")
    return names[0]


def _clinical(record: CaseRecord) -> dict[str, int | str | None]:
    return {"age": record.age, "sex": record.sex}


def _described(interface: Interface, kind: str) -> dict[str, str]:
    return {
        "slug": interface.slug,
        "kind": kind,
        "super_kind": "Image" if kind == "Image" else "File",
        "relative_path": interface.relative_path,
    }
