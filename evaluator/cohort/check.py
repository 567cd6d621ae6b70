"""Every fault of a cohort in one pass: the folder, the table, the patients, and each volume."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from evaluator.cohort.counts import CohortCounts, count
from evaluator.cohort.images import CaseContent, inspect_case
from evaluator.cohort.index import choose_index_scans
from evaluator.cohort.layout import (
    HEADER_FILE,
    IMAGES,
    MANIFEST_FILE,
    REFERENCES,
    TABLE_FILE,
    THREADS,
    Cohort,
    CohortCase,
    CohortHeader,
    Digests,
    Progress,
    ct_path,
    lesions_path,
    organ_names,
    organs_path,
    read_header,
)
from evaluator.cohort.manifest import differences, fingerprint, read_manifest
from evaluator.cohort.table import Row, Table, read_table
from evaluator.errors import CohortRefused, FaultLine
from evaluator.records import CaseRecord, TruthSource


@dataclass(frozen=True, kw_only=True)
class CohortCheck:
    """What a check found; there is a cohort, with its counts, only where there is no fault."""

    faults: tuple[FaultLine, ...]
    warnings: tuple[FaultLine, ...] = ()
    cohort: Cohort | None = None
    counts: CohortCounts | None = None


@dataclass(frozen=True, kw_only=True)
class _Described:
    """The folder without its volumes: what the header and the table say."""

    header: CohortHeader | None
    rows: tuple[Row, ...]
    index: frozenset[str]
    names: frozenset[str]
    faults: list[FaultLine] = field(default_factory=list)
    warnings: list[FaultLine] = field(default_factory=list)


def check_cohort(path: Path, *, progress: Progress | None = None) -> CohortCheck:
    """Read the whole folder, every voxel included. Raises CohortRefused only where ``path`` is no folder."""
    described = _describe(path)
    rows = described.rows
    names = organ_names(described.header) if described.header and not described.faults else None

    def inspect(row: Row) -> CaseContent:
        content = inspect_case(path, row, organ_names=names)
        if progress:
            progress()
        return content

    with ThreadPoolExecutor(THREADS) as pool:
        contents = list(pool.map(inspect, rows))
    faults = [*described.faults, *(fault for content in contents for fault in content.faults)]
    faults += _strays(path, described.names)
    warnings = [*described.warnings, *(warning for content in contents for warning in content.warnings)]
    if faults or described.header is None:
        return CohortCheck(faults=tuple(faults), warnings=tuple(warnings))
    digests = {row.case: content.digests for row, content in zip(rows, contents, strict=True) if content.digests}
    cohort = _assemble(path, described.header, rows, described.index, digests)
    if refrozen := _refrozen(cohort):
        return CohortCheck(faults=tuple(refrozen), warnings=tuple(warnings))
    return CohortCheck(
        faults=(),
        warnings=tuple(warnings),
        cohort=cohort,
        counts=count([case.record for case in cohort.cases], [content.lesions for content in contents]),
    )


def read_cohort(path: Path, *, progress: Progress | None = None) -> Cohort:
    """A cohort whose files are the ones its manifest froze; without a manifest it is checked in full.

    Raises CohortRefused with every fault.
    """
    manifest = read_manifest(path)
    if manifest is None:
        check = check_cohort(path, progress=progress)
        if check.cohort is None:
            raise _refused(path, check.faults)
        return check.cohort
    described = _describe(path)
    if described.faults or described.header is None:
        raise _refused(path, described.faults)
    unfrozen = {row.case for row in described.rows} ^ set(manifest.cases)
    faults = [FaultLine(what="is not in both table and manifest", where=f"case {case}") for case in sorted(unfrozen)]
    if not faults:

        def compare(row: Row) -> list[str]:
            changed = differences(path, row.case, manifest.cases[row.case])
            if progress:
                progress()
            return changed

        with ThreadPoolExecutor(THREADS) as pool:
            changed = [file for files in pool.map(compare, described.rows) for file in files]
        faults = [FaultLine(what="is not the file that was frozen", where=file) for file in changed]
    if not faults:
        cohort = _assemble(path, described.header, described.rows, described.index, manifest.cases)
        if cohort.fingerprint == manifest.fingerprint:
            return cohort
        faults = [FaultLine(what="differs from the table that was frozen", where=f"{TABLE_FILE} or {HEADER_FILE}")]
    raise _refused(path, faults)


def _describe(path: Path) -> _Described:
    if not path.is_dir():
        raise CohortRefused(
            f"{path} is not a folder.",
            faults=[FaultLine(what="is not a folder", where=str(path))],
            next_step="Give a folder with cohort.json, cases.csv, images and references.",
        )
    header, faults = read_header(path)
    table: Table = read_table(path / TABLE_FILE)
    index, unclear = choose_index_scans(table.rows)
    return _Described(
        header=header,
        rows=table.rows,
        index=index,
        names=table.names,
        faults=[*faults, *table.faults, *unclear],
        warnings=table.warnings,
    )


def _strays(path: Path, names: frozenset[str]) -> list[FaultLine]:
    """Folders without a row: a forgotten row would leave out a patient without a word."""
    faults = []
    for part in (IMAGES, REFERENCES):
        known = {"ct.nii.gz"} if part == IMAGES else {"lesions.nii.gz", "organs.nii.gz"}
        for folder in sorted((path / part).glob("*")):
            where = f"{part}/{folder.name}"
            if folder.name not in names:
                faults.append(FaultLine(what=f"has no row in {TABLE_FILE}", where=where))
            elif folder.is_dir():
                extra = sorted(file.name for file in folder.iterdir() if file.name not in known)
                faults += [FaultLine(what="is not part of a case", where=f"{where}/{name}") for name in extra]
    return faults


def _assemble(
    path: Path, header: CohortHeader, rows: Sequence[Row], index: frozenset[str], digests: dict[str, Digests]
) -> Cohort:
    records = [_record(row, index_scan=row.case in index, digests=digests[row.case]) for row in rows]
    return Cohort(
        hospital=header.hospital,
        name=header.name,
        version=header.version,
        fingerprint=fingerprint(header, records, digests),
        path=path,
        cases=tuple(_case(path, record, digests[record.case]) for record in records),
        organ_names=organ_names(header),
    )


def _case(path: Path, record: CaseRecord, digests: Digests) -> CohortCase:
    return CohortCase(
        record=record,
        ct=ct_path(path, record.case),
        reference=lesions_path(path, record.case) if digests.lesions else None,
        organs=organs_path(path, record.case) if digests.organs else None,
        ct_sha256=digests.ct,
        reference_sha256=digests.lesions,
        organs_sha256=digests.organs,
    )


def _record(row: Row, *, index_scan: bool, digests: Digests) -> CaseRecord:
    return CaseRecord(
        case=row.case,
        patient=row.patient,
        cancer=row.cancer,
        index_scan=index_scan,
        reference=row.reference or (TruthSource.MASK if digests.lesions else TruthSource.DIAGNOSIS),
        sex=row.sex,
        age=row.age,
        race=row.race,
        phase=row.phase,
        scanner=row.scanner,
        slice_thickness_mm=row.slice_thickness_mm,
        lead_time_months=row.lead_time_months,
    )


def _refrozen(cohort: Cohort) -> list[FaultLine]:
    """A frozen version should not change under its name."""
    try:
        before = read_manifest(cohort.path)
    except CohortRefused:
        return []
    if before is None or before.fingerprint == cohort.fingerprint or before.version != cohort.version:
        return []
    return [
        FaultLine(
            what=f"version {cohort.version} was frozen with other content ({before.fingerprint[:19]}…)",
            where=MANIFEST_FILE,
            next=f"Restore the files, or give the changed cohort a new version in {HEADER_FILE}.",
        )
    ]


def _refused(path: Path, faults: Sequence[FaultLine]) -> CohortRefused:
    return CohortRefused(
        f"The cohort in {path} has {len(faults)} fault{'s' if len(faults) != 1 else ''}.",
        faults=faults,
        next_step="Correct them, then run `python -m evaluator cohort check` on the folder.",
    )
