"""Reading what a container wrote. It is hostile until proven otherwise: every file and number is bounded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec

from evaluator.contract.contract import WrittenOutput
from evaluator.errors import FailureClass, GridMismatch, OutputRefused, VolumeRefused
from evaluator.records import Grid, Volume
from evaluator.volumes import read_volume, require_within

Document = TypeVar("Document")


def require_file(
    output: WrittenOutput, path: str, *, optional: bool = False, told_as: str | None = None
) -> Path | None:
    """The copied file; None where it may be absent and is. ``told_as`` is its name in an error, where not ``path``."""
    if path in output.refused:
        raise OutputRefused(f"{told_as or path} {output.refused[path]}.", next_step="Write a regular file of its own.")
    found = output.folder / path
    if found.is_file():
        return found
    if optional:
        return None
    raise OutputRefused(
        f"{told_as or path} was not written.",
        failure=FailureClass.OUTPUT_MISSING,
        next_step=f"Write /output/{told_as or path}.",
    )


def read_json(path: Path, name: str, kind: type[Document], *, most_bytes: int) -> Document:
    """A JSON document of a known type; NaN is no JSON."""
    if path.stat().st_size > most_bytes:
        raise OutputRefused(f"{name} is larger than {most_bytes:,} bytes.")
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except RecursionError as error:
        raise OutputRefused(f"{name} is nested too deeply.") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OutputRefused(f"{name} is not as the contract says.", why=str(error)) from error


def require_probability(value: float, name: str) -> float:
    if not 0.0 <= value <= 1.0:
        raise OutputRefused(f"{name} is {value:g}.", why="A likelihood and a confidence lie between 0 and 1.")
    return value


def read_lesions(path: Path, name: str, *, grid: Grid) -> Volume:
    """Integer labels or a detection map from 0 to 1 on the CT's grid."""
    with _refused_as(name, path):
        volume = read_volume(path, expect=grid)
    return require_lesions(volume, name)


def require_lesions(volume: Volume, name: str) -> Volume:
    """The volume, if its voxels are labels or a map from 0 to 1."""
    if volume.data.dtype.kind != "f":
        return _without_negatives(volume, name)
    try:
        require_within(volume, 0, 1, what=name)
    except VolumeRefused as error:
        raise OutputRefused(error.what, why=error.why, next_step=error.next_step) from error
    return volume


def read_organs(path: Path, name: str, *, grid: Grid) -> Volume:
    """Integer labels on the CT's grid."""
    with _refused_as(name, path):
        volume = read_volume(path, expect=grid)
    return require_organs(volume, name)


def require_organs(volume: Volume, name: str) -> Volume:
    """The volume, if its voxels are labels."""
    if volume.data.dtype.kind == "f":
        raise OutputRefused(f"{name} holds {volume.data.dtype}, not integer labels.", next_step="Write integers.")
    return _without_negatives(volume, name)


def _without_negatives(volume: Volume, name: str) -> Volume:
    if volume.data.dtype.kind == "i" and int(volume.data.min()) < 0:
        raise OutputRefused(f"{name} holds a negative label.", next_step="Write 0 for background.")
    return volume


@contextmanager
def _refused_as(name: str, path: Path) -> Iterator[None]:
    """What is wrong with a volume, told with the name that the submission knows it by."""
    try:
        yield
    except GridMismatch as error:
        what = f"{name} does not lie on the CT's grid."
        raise OutputRefused(what, why=error.why, next_step=error.next_step) from error
    except VolumeRefused as error:
        what = error.what.replace(str(path), name)
        raise OutputRefused(what, why=error.why, next_step=error.next_step) from error
