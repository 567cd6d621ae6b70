"""The next version of a frozen cohort: the same scans, and lesions that were missed drawn into the reference.

The frozen folder is read and never written. Scans are hard-linked where the disk allows it, since nobody edits a scan;
references are copied, because a program that draws may write into the file that is there. ``revision.json`` in the new
folder says what was added and which outlines are provisional: balls of the size that models agreed on, to be redrawn.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from evaluator import results
from evaluator.cohort.check import check_cohort
from evaluator.cohort.layout import (
    TABLE_FILE,
    Cohort,
    CohortCase,
    CohortHeader,
    Progress,
    ct_path,
    lesions_path,
    organs_path,
    read_header,
    write_header,
)
from evaluator.cohort.manifest import verify, write_manifest
from evaluator.cohort.table import COLUMNS, Row, read_table, write_table
from evaluator.errors import CohortChanged, CohortRefused, FaultLine, InputRefused, UsageError
from evaluator.learnt import learn
from evaluator.records import Grid, Point, TruthSource, Volume
from evaluator.scoring.objects import labelled
from evaluator.scoring.voxels import voxel_indices
from evaluator.volumes import SUFFIXES, Ball, ball_voxels, read_grid, read_volume, write_nifti

DRAFT, REVISION = "cohort-draft/1", "cohort-revision/1"
REVISION_FILE = "revision.json"
LARGEST_DRAFT = 64 * 1024**2


class Outline(StrEnum):
    """Where an added lesion's voxels are from."""

    DRAWN = "drawn"
    PROVISIONAL = "provisional"


@dataclass(frozen=True, kw_only=True)
class Addition:
    """A lesion that the next version gets. ``number`` names its mask's file; ``must_be_drawn``: no ball will do."""

    number: int
    case: str
    centre_mm: Point
    volume_ml: float
    must_be_drawn: bool = False


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What was accepted of a frozen cohort, as it goes to where the scans lie. It holds places and no image."""

    schema: str
    hospital: str
    name: str
    version: str
    fingerprint: str
    additions: tuple[Addition, ...]


@dataclass(frozen=True, kw_only=True)
class Added:
    number: int
    case: str
    lesion: int  # its label in the new reference
    outline: Outline
    was_negative: bool  # its patient had no cancer in the version before


@dataclass(frozen=True, kw_only=True)
class Revision:
    """What a version was made of. ``fingerprint`` is that of the version before."""

    schema: str
    version: str
    fingerprint: str
    added: tuple[Added, ...]

    @property
    def provisional(self) -> int:
        return sum(one.outline is Outline.PROVISIONAL for one in self.added)


learn(Draft, Revision)


def read_draft(path: Path) -> Draft:
    """Raises InputRefused where the file is missing, too large, or no draft."""
    if not path.is_file() or path.stat().st_size > LARGEST_DRAFT:
        raise InputRefused(f"{path} is not a file, or larger than {LARGEST_DRAFT // 1024**2} MiB.")
    try:
        draft = msgspec.json.decode(path.read_bytes(), type=Draft)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputRefused(f"{path} is not the draft of a cohort.", why=str(error)) from error
    if draft.schema != DRAFT:
        raise InputRefused(f"{path} has schema {draft.schema!r}; this version reads {DRAFT!r}.")
    return draft


def read_revision(root: Path) -> Revision | None:
    """What a folder says that it was made of; None where it was not made of another version. Raises InputRefused."""
    path = root / REVISION_FILE
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Revision)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputRefused(
            f"{path} cannot be read.", why=str(error), next_step="Restore it, or take it away."
        ) from error


def write_next_version(
    cohort: Cohort,
    draft: Draft,
    out: Path,
    *,
    version: str,
    masks: Path | None = None,
    progress: Progress | None = None,
) -> Revision:
    """Write a new folder with what was accepted in its reference, check and freeze it; all of it or nothing.

    Parameters
    ----------
    cohort : Cohort
        The frozen version. Its files are found unchanged first.
    draft : Draft
        What was accepted of it.
    out : Path
        A folder that is not there yet.
    version : str
        The new version's name.
    masks : Path, optional
        A folder with a mask of an addition each, named by its number: ``12.nii.gz``. What has none is drawn as a ball
        and marked provisional.

    Raises
    ------
    CohortChanged
        The draft is of another version, or the folder's files are not those that were frozen.
    CohortRefused
        Something must be drawn and has no mask, or does not fit; every fault is listed.
    UsageError
        The version's name is the old one, or the folder is there.
    """
    _require_fitting(cohort, draft, out, version=version)
    chosen = _masks(draft.additions, masks)
    verify(cohort, progress=progress)
    scratch = out.with_name(f".{out.name}.part")
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        revision = _write(cohort, draft, scratch, version=version, masks=chosen, progress=progress)
        scratch.rename(out)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return revision


def _require_fitting(cohort: Cohort, draft: Draft, out: Path, *, version: str) -> None:
    if draft.fingerprint != cohort.fingerprint:
        raise CohortChanged(
            f"The draft is of another version than the cohort in {cohort.path}.",
            why=f"It was made for version {draft.version}, {draft.fingerprint[:19]}…; "
            f"this is version {cohort.version}, {cohort.fingerprint[:19]}….",
            next_step="Give the folder of that version, or download the draft anew.",
        )
    if not version.strip() or version == cohort.version:
        raise UsageError(f"A new version needs a name of its own; {version!r} is the frozen one's or empty.")
    if out.exists() or not out.parent.is_dir():
        raise UsageError(f"{out} is there already, or its parent is no folder.", next_step="Name a new folder.")
    unknown = {addition.case for addition in draft.additions} - {case.record.case for case in cohort.cases}
    if unknown or not draft.additions:
        raise UsageError(
            f"The draft names cases that the cohort does not have: {', '.join(sorted(unknown)[:5])}."
            if unknown
            else "The draft adds nothing.",
            next_step="Decide on suspected lesions first, then download the draft anew.",
        )


def _masks(additions: Sequence[Addition], folder: Path | None) -> dict[int, Path]:
    found = {
        addition.number: path
        for addition in additions
        for suffix in SUFFIXES
        if folder is not None and (path := folder / f"{addition.number}{suffix}").is_file()
    }
    faults = [
        FaultLine(
            what="must be drawn, and has no mask",
            where=f"case {addition.case}, suspect {addition.number}",
            next=f"Draw it and save the mask as {addition.number}.nii.gz in the folder of masks.",
        )
        for addition in additions
        if addition.must_be_drawn and addition.number not in found
    ]
    if faults:
        raise CohortRefused(f"{len(faults)} lesions must be drawn first.", faults=faults)
    return found


def _write(
    cohort: Cohort,
    draft: Draft,
    out: Path,
    *,
    version: str,
    masks: Mapping[int, Path],
    progress: Progress | None,
) -> Revision:
    additions = defaultdict[str, list[Addition]](list)
    for addition in draft.additions:
        additions[addition.case].append(addition)
    added, faults = list[Added](), list[FaultLine]()
    for case in cohort.cases:
        name = case.record.case
        _bring(case, out)
        for addition in additions.get(name, ()):
            try:
                added.append(_add(case, addition, out, mask=masks.get(addition.number)))
            except InputRefused as error:
                faults.append(
                    FaultLine(what=error.what, where=f"case {name}, suspect {addition.number}", why=error.why)
                )
        if progress:
            progress()
    if faults:
        raise CohortRefused(f"{len(faults)} lesions cannot be added.", faults=faults)
    revision = Revision(schema=REVISION, version=cohort.version, fingerprint=cohort.fingerprint, added=tuple(added))
    write_table(out / TABLE_FILE, _rows(cohort, edited=set(additions)))
    write_header(out, _header(cohort, version=version))
    results.write(out / REVISION_FILE, revision)
    check = check_cohort(out)
    if check.cohort is None:
        raise CohortRefused("The new version has faults; nothing was written.", faults=check.faults)
    write_manifest(check.cohort)
    return revision


def _bring(case: CohortCase, out: Path) -> None:
    name = case.record.case
    pairs = [(case.reference, lesions_path(out, name)), (case.organs, organs_path(out, name))]
    _link(case.ct, ct_path(out, name))
    for source, place in pairs:
        if source is not None:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)


def _link(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, place)
    except OSError:  # another disk, or one without links
        shutil.copyfile(source, place)


def _add(case: CohortCase, addition: Addition, out: Path, *, mask: Path | None) -> Added:
    """Draw one lesion into the new reference, under a label of its own, where no other lesion is."""
    place, grid = lesions_path(out, case.record.case), read_grid(case.ct)
    labels = _numbered(place, grid)
    wanted = _drawn(mask, grid) if mask is not None else _ball(grid, addition)
    free = wanted & (labels == 0)
    if not free.any():
        raise InputRefused(
            "It lies outside the scan, or on lesions that are drawn already, or its mask is empty.",
            why=f"{int(wanted.sum())} voxels, none of them free.",
        )
    number = int(labels.max()) + 1
    labels[free] = number
    place.parent.mkdir(parents=True, exist_ok=True)
    write_nifti(place, Volume(labels, grid))
    return Added(
        number=addition.number,
        case=case.record.case,
        lesion=number,
        outline=Outline.PROVISIONAL if mask is None else Outline.DRAWN,
        was_negative=not case.record.cancer,
    )


def _numbered(path: Path, grid: Grid) -> NDArray[np.uint16]:
    """The lesions that are drawn, each with a number of its own.

    One label stands for all components only while it is alone: beside a second one it would be one lesion.
    """
    labels = np.zeros(grid.shape, dtype=np.uint16, order="F")
    if path.is_file():
        objects = labelled(read_volume(path, expect=grid))
        i, j, k = voxel_indices(objects.flat, grid).T
        labels[i, j, k] = np.asarray(objects.ids, dtype=np.uint16)[objects.owner] if objects.ids else 0
    return labels


def _drawn(path: Path, grid: Grid) -> NDArray[np.bool_]:
    return np.asarray(read_volume(path, expect=grid).data != 0)


def _ball(grid: Grid, addition: Addition) -> NDArray[np.bool_]:
    wanted = np.zeros(grid.shape, dtype=bool, order="F")
    box, inside = ball_voxels(grid, Ball(number=1, centre_mm=addition.centre_mm, volume_ml=addition.volume_ml))
    wanted[box] = inside
    return wanted


def _header(cohort: Cohort, *, version: str) -> CohortHeader:
    header, _ = read_header(cohort.path)
    assert header is not None  # the cohort was read
    return replace(header, version=version)


def _rows(cohort: Cohort, *, edited: set[str]) -> list[dict[str, object]]:
    """The table as it was, index scans spelled out, and patients with an added lesion as patients with cancer."""
    records = {case.record.case: case.record for case in cohort.cases}
    with_cancer = {records[case].patient for case in edited}
    return [_row(row, records[row.case].index_scan, edited=edited, with_cancer=with_cancer) for row in _table(cohort)]


def _table(cohort: Cohort) -> tuple[Row, ...]:
    table = read_table(cohort.path / TABLE_FILE)
    if table.faults:
        raise CohortRefused("The cohort's table has faults.", faults=table.faults)
    return table.rows


def _row(row: Row, index_scan: bool, *, edited: set[str], with_cancer: set[str]) -> dict[str, object]:
    reference = row.reference
    if row.case in edited:
        reference = TruthSource.MASK
    elif row.patient in with_cancer and not row.cancer:
        reference = TruthSource.DIAGNOSIS  # the patient's other scans: nobody has drawn anything there
    values = {column: getattr(row, column) for column in COLUMNS}
    return values | {
        "cancer": row.cancer or row.patient in with_cancer,
        "index_scan": index_scan,
        "reference": reference,
    }
