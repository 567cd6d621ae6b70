"""A hospital's folder of cases: what lies where, and the records that are read from it.

::

    cohort.json                           schema, hospital, name, version, organs {"1": "pancreas_head", …}
    cases.csv                             one row a scan; see table.py for its columns
    images/<case>/ct.nii.gz               whole Hounsfield units
    references/<case>/lesions.nii.gz      0 background, 1… a number per lesion; a negative patient needs none,
                                          unless its row says mask
    references/<case>/organs.nii.gz       optional; numbers named in cohort.json
    manifest.json                         written by `cohort check`: digests and fingerprint
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from evaluator.errors import FaultLine
from evaluator.learnt import learn
from evaluator.records import CaseRecord

SCHEMA = "cohort/1"
HEADER_FILE, TABLE_FILE, MANIFEST_FILE = "cohort.json", "cases.csv", "manifest.json"
IMAGES, REFERENCES = "images", "references"
CASE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,49}")
THREADS = 2  # one volume each is in memory at a time

Progress = Callable[[], object]  # called when a case is done


@dataclass(frozen=True, kw_only=True)
class CohortHeader:
    """What ``cohort.json`` says."""

    schema: str
    hospital: str
    name: str
    version: str
    organs: dict[str, str] = field(default_factory=dict)


learn(CohortHeader)


@dataclass(frozen=True, kw_only=True)
class Digests:
    """SHA-256 of a case's files as they lie on disk; None where there is no such file."""

    ct: str
    lesions: str | None = None
    organs: str | None = None


@dataclass(frozen=True, kw_only=True)
class CohortCase:
    record: CaseRecord
    ct: Path
    reference: Path | None
    organs: Path | None
    ct_sha256: str
    reference_sha256: str | None = None
    organs_sha256: str | None = None


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """A frozen set of a hospital's cases; ``fingerprint`` changes with any of its content."""

    hospital: str
    name: str
    version: str
    fingerprint: str
    path: Path
    cases: tuple[CohortCase, ...]
    organ_names: dict[int, str]


def ct_path(root: Path, case: str) -> Path:
    return root / IMAGES / case / "ct.nii.gz"


def lesions_path(root: Path, case: str) -> Path:
    return root / REFERENCES / case / "lesions.nii.gz"


def organs_path(root: Path, case: str) -> Path:
    return root / REFERENCES / case / "organs.nii.gz"


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write_header(root: Path, header: CohortHeader) -> None:
    (root / HEADER_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(header), indent=1) + b"\n")


def read_header(root: Path) -> tuple[CohortHeader | None, list[FaultLine]]:
    """The header, or what is wrong with it."""
    path = root / HEADER_FILE
    if not path.is_file():
        example = '{"schema": "cohort/1", "hospital": "my-hospital", "name": "…", "version": "1", "organs": {}}'
        return None, [FaultLine(what="is missing", where=HEADER_FILE, next=f"Write it: {example}")]
    try:
        text = path.read_bytes().decode("utf-8-sig")
        header = msgspec.json.decode(text, type=CohortHeader)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return None, [FaultLine(what="is not a cohort header", where=HEADER_FILE, why=str(error))]
    return header, _header_faults(header)


def organ_names(header: CohortHeader) -> dict[int, str]:
    return {int(number): name for number, name in header.organs.items()}


def _header_faults(header: CohortHeader) -> list[FaultLine]:
    faults = []
    if header.schema != SCHEMA:
        faults.append(f"schema is {header.schema!r}; this version reads {SCHEMA!r}")
    if not SLUG.fullmatch(header.hospital):
        faults.append(f"hospital {header.hospital!r} must be lower-case letters, digits and hyphens, at most 50")
    faults += [f"{key} is empty" for key in ("name", "version") if not getattr(header, key).strip()]
    for number, organ in header.organs.items():
        if not (number.isascii() and number.isdigit() and 0 < int(number) < 2**16):
            faults.append(f"organ number {number!r} is not a whole number from 1")
        elif not organ.strip():
            faults.append(f"organ {number} has no name")
    twice = sorted({name for name in header.organs.values() if list(header.organs.values()).count(name) > 1})
    faults += [f"organ name {name!r} is given to two numbers" for name in twice]
    return [FaultLine(what=fault, where=HEADER_FILE) for fault in faults]
