"""Taking a hospital's cohort in, and switching a hospital on and off."""

from __future__ import annotations

import contextlib
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from evaluator.cohort import (
    CohortCheck,
    check_cohort,
    overlap,
    print_cohort,
    read_cohort,
    read_prints,
    read_revision,
    write_manifest,
)
from evaluator.errors import CohortChanged, EvaluatorError, FaultLine, InputRefused
from evaluator.records import CaseRecord
from evaluator.results import to_builtins
from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.hospitals.models import Case, Cohort, Hospital, OverlapCheck
from leaderboard.hospitals.selectors import is_steward
from leaderboard.hospitals.signals import hospital_switched
from leaderboard.lib.errors import Fault, Refusal

logger = logging.getLogger(__name__)

# What a case is, as against what is known about it.
IDENTITY = {"case", "patient", "cancer", "index_scan"}


def cohort_import(
    *, hospital: Hospital, folder: Path, by: User | None, purpose: str = Cohort.Purpose.HELD_OUT
) -> Cohort:
    """Check a cohort's folder and freeze it as a version; the same folder again is the same cohort.

    Raises
    ------
    Refusal
        The folder has faults (all are listed), or its version is already taken by other contents.
    """
    path = folder.resolve()
    return cohort_keep(hospital=hospital, path=path, check=folder_check(path), purpose=purpose, by=by)


def folder_check(path: Path, *, progress: Callable[[], object] | None = None) -> CohortCheck:
    """Everything that is wrong with a folder; ``progress`` is called from several threads, once a case.

    Raises
    ------
    Refusal
        It is no folder, or cannot be read.
    """
    try:
        return check_cohort(path, progress=progress)
    except InputRefused as error:
        raise Refusal(error.what, why=error.why, next_step=error.next_step) from error


def cohort_keep(*, hospital: Hospital, path: Path, check: CohortCheck, purpose: str, by: User | None) -> Cohort:
    """Freeze what was checked.

    Raises
    ------
    Refusal
        It has faults, or its version is already taken by other contents.
    """
    if check.cohort is None or check.faults:
        raise Refusal(
            f"The cohort in {path} was not imported: {len(check.faults)} fault{'' if len(check.faults) == 1 else 's'}.",
            why="A cohort is frozen as it is, so it must be right before.",
            next_step="Correct the faults listed and import it again.",
            faults=faults_of(check.faults),
        )
    found = check.cohort
    if known := Cohort.objects.filter(hospital=hospital, fingerprint=found.fingerprint).first():
        if known.folder != str(path):
            known.folder = str(path)
            known.save(update_fields=["folder"])
        return known
    cohort = Cohort(
        hospital=hospital,
        name=found.name,
        version=found.version,
        fingerprint=found.fingerprint,
        folder=str(path),
        purpose=purpose,
        counts={**to_builtins(check.counts), **provisional_in(path)},
    )
    freeze(cohort, [case.record for case in found.cases], by=by)
    # A hospital's folder may be read-only; without a manifest every run checks it in full.
    with contextlib.suppress(PermissionError):
        write_manifest(found)
    logger.info(
        "cohort %s of hospital %s frozen with %d cases by user %s",
        cohort.pk,
        hospital.slug,
        len(found.cases),
        by and by.pk,
    )
    return cohort


def faults_of(lines: Sequence[FaultLine]) -> list[Fault]:
    return [Fault(what=line.what, where=line.where, why=line.why, next_step=line.next) for line in lines]


def provisional_in(path: Path) -> dict[str, int]:
    """How many lesions have an outline that nobody drew: in a version that was made of the one before."""
    revision = read_revision(path)
    return {"provisional": revision.provisional} if revision else {}


@transaction.atomic
def freeze(cohort: Cohort, records: Sequence[CaseRecord], *, by: User | None) -> None:
    if elsewhere := Cohort.objects.filter(fingerprint=cohort.fingerprint).exclude(hospital=cohort.hospital).first():
        raise Refusal(
            f"These scans are {elsewhere} already, of another hospital.",
            why="Their patients would count twice, and a second hospital’s data stewards would see them.",
            next_step=f"Look whether it is the right folder, and {cohort.hospital} the right hospital.",
        )
    try:
        cohort.full_clean()
    except ValidationError as error:
        raise Refusal(
            f"{cohort.hospital} already has a cohort {cohort.name!r}, version {cohort.version!r}, with other contents.",
            why=" ".join(error.messages),
            next_step="Give the changed cohort a new version in its cohort.json.",
        ) from error
    cohort.save()
    Case.objects.bulk_create(case_row(cohort, item) for item in records)
    record(
        "cohort.frozen",
        f"cohort {cohort.pk}",
        by=by.pk if by else None,
        hospital=cohort.hospital.slug,
        purpose=cohort.purpose,
        fingerprint=cohort.fingerprint,
    )


def overlap_check(*, cohort: Cohort, prints: Path) -> OverlapCheck:
    """Look through a cohort, where it lies, for the scans of a training set. The same list again is looked at anew.

    Raises
    ------
    Refusal
        The list or the cohort's folder cannot be read, or the cohort is not the one that was frozen.
    """
    try:
        other = read_prints(prints)
        folder = read_cohort(cohort.path)
        if folder.fingerprint != cohort.fingerprint:
            raise CohortChanged(f"The cohort {cohort} is not the one that was frozen.")
        found = overlap(print_cohort(folder), other)
    except EvaluatorError as error:
        raise Refusal(error.what, why=error.why, next_step=error.next_step) from error
    with transaction.atomic():
        check, _ = OverlapCheck.objects.update_or_create(
            cohort=cohort,
            list_sha256=hashlib.sha256(prints.read_bytes()).hexdigest(),
            defaults={
                "other": other.name[:200],
                "cases": found.cases,
                "scans": found.scans,
                "least": found.least,
                "matches": to_builtins(found.matches),
                "checked_at": timezone.now(),
            },
        )
        check.full_clean()
        record("cohort.overlap-checked", f"cohort {cohort.pk}", list=check.list_sha256, found=check.surely)
    logger.info("cohort %s and %d scans: %d the same, %d alike", cohort.pk, found.scans, check.surely, check.maybe)
    return check


def case_row(cohort: Cohort, record: CaseRecord) -> Case:
    return Case(
        cohort=cohort,
        case=record.case,
        patient=record.patient,
        cancer=record.cancer,
        index_scan=record.index_scan,
        attributes={key: value for key, value in asdict(record).items() if key not in IDENTITY},
    )


@transaction.atomic
def hospital_set_active(*, hospital: Hospital, active: bool, by: User | None) -> Hospital:
    """Switch a hospital on or off. Off, nothing new starts there and what runs is stopped and waits.

    Raises
    ------
    Refusal
        One of its data stewards switched it off, and nobody of them switches it on.
    """
    hospital = Hospital.objects.select_for_update().get(pk=hospital.pk)
    own = by is not None and is_steward(by, hospital)
    if active and hospital.off_by_steward and not own and hospital.stewards.exists():
        raise Refusal(
            f"{hospital} was switched off by its own data steward.",
            why="Nobody switches a hospital on against its will.",
            next_step="Ask its data stewards: they resume on their desk.",
        )
    changed = Hospital.objects.filter(pk=hospital.pk).exclude(active=active)
    if changed.update(active=active, active_since=timezone.now(), off_by_steward=own and not active):
        hospital_switched.send(sender=Hospital, hospital_id=hospital.pk, active=active)
        logger.info("hospital %s switched %s by user %s", hospital.slug, "on" if active else "off", by and by.pk)
        record("hospital.switched", f"hospital {hospital.slug}", by=by.pk if by else None, active=active)
    hospital.refresh_from_db()
    return hospital
