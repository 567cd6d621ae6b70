"""Digests bound to case names, the fingerprint over them, and the manifest that keeps both."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec

from evaluator import results
from evaluator.cohort.layout import (
    MANIFEST_FILE,
    THREADS,
    Cohort,
    CohortHeader,
    Digests,
    Progress,
    ct_path,
    file_sha256,
    lesions_path,
    organs_path,
)
from evaluator.errors import CohortChanged, CohortRefused, FaultLine
from evaluator.learnt import learn
from evaluator.records import CaseRecord

SCHEMA = "cohort-manifest/1"


@dataclass(frozen=True, kw_only=True)
class Manifest:
    schema: str
    hospital: str
    name: str
    version: str
    fingerprint: str
    cases: dict[str, Digests]


learn(Manifest)


def digest_case(root: Path, case: str) -> Digests:
    """SHA-256 of a case's files. Raises OSError where the CT is missing."""
    lesions, organs = lesions_path(root, case), organs_path(root, case)
    return Digests(
        ct=file_sha256(ct_path(root, case)),
        lesions=file_sha256(lesions) if lesions.is_file() else None,
        organs=file_sha256(organs) if organs.is_file() else None,
    )


def fingerprint(header: CohortHeader, records: Sequence[CaseRecord], digests: Mapping[str, Digests]) -> str:
    """A hash over every row with the digests of its own files, so that swapped files change it; row order does not."""
    lines = [
        msgspec.json.encode([record, digests[record.case]], order="sorted")
        for record in sorted(records, key=lambda record: record.case)
    ]
    organs = msgspec.json.encode([SCHEMA, header.organs], order="sorted")
    return "sha256:" + hashlib.sha256(b"\n".join([organs, *lines])).hexdigest()


def write_manifest(cohort: Cohort) -> None:
    """Freeze a checked cohort: a reader sees the old manifest or the new one."""
    cases = {
        case.record.case: Digests(ct=case.ct_sha256, lesions=case.reference_sha256, organs=case.organs_sha256)
        for case in cohort.cases
    }
    manifest = Manifest(
        schema=SCHEMA,
        hospital=cohort.hospital,
        name=cohort.name,
        version=cohort.version,
        fingerprint=cohort.fingerprint,
        cases=cases,
    )
    scratch = cohort.path / f".{MANIFEST_FILE}.part"
    scratch.write_bytes(results.dump(manifest))
    scratch.replace(cohort.path / MANIFEST_FILE)


def read_manifest(root: Path) -> Manifest | None:
    """The manifest, or None where the cohort was never checked. Raises CohortRefused."""
    path = root / MANIFEST_FILE
    if not path.is_file():
        return None
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CohortRefused(
            f"{path} is not a manifest of this platform.",
            why=str(error),
            faults=[FaultLine(what="is not a manifest", where=MANIFEST_FILE, why=str(error))],
            next_step="Run `cohort check` on the folder; it writes the manifest anew.",
        ) from error
    return manifest


def verify(cohort: Cohort, *, progress: Progress | None = None) -> None:
    """Raise CohortChanged unless every file is the one that was frozen."""

    def changed(case_number: int) -> list[str]:
        case = cohort.cases[case_number]
        held = Digests(ct=case.ct_sha256, lesions=case.reference_sha256, organs=case.organs_sha256)
        parts = differences(cohort.path, case.record.case, held)
        if progress:
            progress()
        return parts

    with ThreadPoolExecutor(THREADS) as pool:
        found = [part for parts in pool.map(changed, range(len(cohort.cases))) for part in parts]
    if found:
        raise CohortChanged(
            f"{len(found)} of the cohort's files are not the ones that were frozen as version {cohort.version}.",
            why=f"Changed or missing: {', '.join(found[:5])}{' …' if len(found) > 5 else ''}.",
            next_step="Restore the files, or give the cohort a new version and run `cohort check`.",
        )


def differences(root: Path, case: str, held: Digests) -> list[str]:
    """The files of a case that differ from their digests."""
    try:
        now = digest_case(root, case)
    except OSError:
        return [str(ct_path(root, case).relative_to(root))]
    paths = {"ct": ct_path, "lesions": lesions_path, "organs": organs_path}
    return [
        str(path(root, case).relative_to(root))
        for part, path in paths.items()
        if getattr(now, part) != getattr(held, part)
    ]
