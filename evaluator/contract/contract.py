"""What a contract must say: how scans are handed in, when a case is complete, how a prediction is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from evaluator.records import CaseRecord, Grid, Prediction


@dataclass(frozen=True, kw_only=True)
class InputCase:
    """A case as a container may know it: a random name, a sanitised scan, and what the contract passes on."""

    id: str
    scan: Path
    record: CaseRecord


@dataclass(frozen=True, kw_only=True)
class WrittenOutput:
    """What was copied out of a container: the folder, and which paths were left there and why."""

    folder: Path
    refused: Mapping[str, str]


class Contract(Protocol):
    """One way in which a submission and the platform speak."""

    name: str
    scan_suffix: str
    cases_per_container: int | None  # None: as many as a batch has
    read_only: bool  # the root file system
    replace_root: bool  # an image that runs as root runs as another user instead of being refused
    environment: Mapping[str, str]

    def output_bytes(self, voxels: int) -> int:
        """The least size of the output volume for scans of so many voxels."""

    def write_inputs(self, cases: Sequence[InputCase], into: Path) -> None:
        """Lay out a batch's /input; scans are hard-linked in the order given."""

    def completion_mark(self, case: str) -> PurePosixPath:
        """The file below /output that is written last."""

    def wanted(self, path: PurePosixPath) -> bool:
        """Whether a path below /output may be part of a prediction."""

    def read(self, output: WrittenOutput, case: str, *, grid: Grid, json_bytes: int) -> Prediction:
        """One case's prediction. Raises OutputRefused."""
