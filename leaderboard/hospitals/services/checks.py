"""A cohort's folder looked through by a worker: the row is the place in line, how far it is, and what was found."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evaluator.cohort import read_cohort
from evaluator.cohort.layout import TABLE_FILE, read_header
from evaluator.cohort.table import read_table
from evaluator.errors import CohortRefused, EvaluatorError
from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.hospitals.models import Cohort, CohortCheck, Hospital
from leaderboard.hospitals.services.cohorts import cohort_keep, faults_of, folder_check
from leaderboard.lib import bell, leases
from leaderboard.lib.errors import Fault, Refusal
from leaderboard.lib.leases import RELEASED, next_ring

logger = logging.getLogger(__name__)

TASK = "hospitals.check_cohort"
RINGS_AT_ONCE = 10
State = CohortCheck.State


class Count:
    """How many cases are done, said by several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.done = 0

    def __call__(self) -> None:
        with self._lock:
            self.done += 1

    def facts(self) -> dict[str, Any]:
        return {"cases_done": self.done}


@transaction.atomic
def cohort_check_request(*, hospital: Hospital, folder: str, purpose: str, by: User) -> CohortCheck:
    """Have a folder of this machine checked, and frozen for ``purpose`` where there is no fault in it.

    Raises
    ------
    Refusal
        The hospital keeps its scans itself, the folder lies elsewhere than organisers may import from, or it is being
        checked already.
    """
    if hospital.is_remote:
        raise Refusal(
            f"The scans of {hospital} lie on its own machine.",
            why="It checks them there, and offers what it has checked.",
            next_step="Take in what it offers.",
        )
    path = allowed(folder)
    row = CohortCheck(hospital=hospital, folder=str(path), purpose=purpose, by=by)
    return enter(row, "cohort.import-asked", by)


@transaction.atomic
def cohort_recheck_request(*, cohort: Cohort, by: User) -> CohortCheck:
    """Have a frozen cohort compared with what was frozen, file by file.

    Raises
    ------
    Refusal
        It lies at its hospital, or is being checked already.
    """
    if not cohort.folder:
        raise Refusal(
            f"{cohort} lies on its hospital's own machine.",
            why="That machine compares every file with what was frozen before each run, and says so if one differs.",
        )
    row = CohortCheck(
        hospital=cohort.hospital, folder=cohort.folder, purpose=cohort.purpose, cohort=cohort, freezes=False, by=by
    )
    return enter(row, "cohort.check-asked", by)


def enter(row: CohortCheck, act: str, by: User) -> CohortCheck:
    if CohortCheck.objects.filter(folder=row.folder, state__in=CohortCheck.OPEN).exists():
        raise Refusal(
            f"{row.folder} is being checked already.", next_step="Wait for that; its page shows how far it is."
        )
    row.full_clean()
    row.save()
    bell.ring(TASK, row.pk, queue=row.hospital.queue)
    record(act, f"hospital {row.hospital.slug}", by=by.pk, folder=row.folder, purpose=row.purpose)
    return row


def allowed(folder: str) -> Path:
    """Where links lead, and not where they lie, must be below one of the roots.

    The site's own process may not see the scans at all: then a worker, which asks the same, says what is not there.
    """
    path = Path(folder.strip()).expanduser()
    roots = [root.resolve() for root in settings.COHORT_ROOTS]
    said = ", ".join(map(str, roots))
    if not path.is_absolute():
        raise Refusal("Give the whole path of the folder.", next_step=f"It lies below {said}.")
    found = path.resolve()
    root = next((root for root in roots if found.is_relative_to(root)), None)
    if root is None:
        raise Refusal(
            "This folder is not where cohorts may be imported from.",
            why=f"On the site that is below {said}.",
            next_step="Move or mount it there, or have it added to COHORT_ROOTS; the command takes any folder.",
        )
    if root.is_dir() and not found.is_dir():
        raise Refusal(f"There is no folder {found}.", next_step="Look at its name, and whether it is mounted.")
    return found


def cohort_check_run(*, pk: int) -> None:
    """Look through the folder of a row that waits; somebody else's is left alone."""
    waiting = CohortCheck.objects.filter(pk=pk, state=State.WAITING)
    token = leases.claim(waiting, state=State.CHECKING, attempt=F("attempt") + 1, cases_done=0)
    if token is None:
        return
    row = CohortCheck.objects.select_related("hospital", "cohort", "by").get(pk=pk)
    count = Count()
    held = CohortCheck.objects.filter(pk=pk)
    try:
        held.update(cases_total=len(read_table(Path(row.folder) / TABLE_FILE).rows))
        with leases.kept(held, token=token, facts=count.facts):
            settle = import_folder if row.freezes else compare_folder
            settle(row, token, count)
    except Refusal as refusal:
        told = refusal.faults or (Fault(what=refusal.what, why=refusal.why, next_step=refusal.next_step),)
        ended(row, token, State.FAULTY, faults=told, reason=refusal.what, cases_done=count.done)
    except Exception:
        logger.exception("cohort check %s ended with an error", pk)
        ended(row, token, State.FAILED, reason="The platform made an error; its log says which.", cases_done=count.done)


def import_folder(row: CohortCheck, token: UUID, count: Count) -> None:
    path = allowed(row.folder)
    check = folder_check(path, progress=count)
    warnings = [*faults_of(check.warnings), *other_hospital(row, path)]
    CohortCheck.objects.filter(pk=row.pk, lease_token=token).update(warnings=[asdict(one) for one in warnings])
    with transaction.atomic():
        if not CohortCheck.objects.select_for_update().filter(pk=row.pk, lease_token=token).exists():
            return  # given up meanwhile; who checks it now freezes it
        cohort = cohort_keep(hospital=row.hospital, path=path, check=check, purpose=row.purpose, by=row.by)
        if cohort.purpose != row.purpose:
            raise Refusal(
                f"{cohort} was frozen before, as {cohort.get_purpose_display()}.",
                why="What patients are for is decided once.",
                next_step="Use it for that, or leave them out of one of the two cohorts.",
            )
        ended(row, token, State.DONE, cohort=cohort, cases_done=count.done)


def other_hospital(row: CohortCheck, path: Path) -> list[Fault]:
    header, _ = read_header(path)
    if header is None or header.hospital == row.hospital.slug:
        return []
    what = f"names the hospital {header.hospital!r}; it is imported for {row.hospital.slug!r}"
    return [Fault(what=what, where="cohort.json", next_step="Was it the right folder?")]


def compare_folder(row: CohortCheck, token: UUID, count: Count) -> None:
    assert row.cohort is not None
    try:
        found = read_cohort(Path(row.folder), progress=count)
    except CohortRefused as error:
        raise Refusal(error.what, why=error.why, faults=faults_of(error.faults)) from error
    except EvaluatorError as error:
        raise Refusal(error.what, why=error.why, next_step=error.next_step) from error
    if found.fingerprint != row.cohort.fingerprint:
        raise Refusal(
            "The folder holds another cohort than was frozen.",
            why=f"Its fingerprint is {found.fingerprint}.",
            next_step="Restore the folder, or import it as a new version.",
        )
    with transaction.atomic():
        ended(row, token, State.DONE, cases_done=count.done)


@transaction.atomic
def ended(row: CohortCheck, token: UUID, state: str, *, faults: Sequence[Fault] = (), **changes: Any) -> None:
    now = timezone.now()
    told = {"faults": [asdict(one) for one in faults], "finished": now, "state_since": now, **changes}
    if CohortCheck.objects.filter(pk=row.pk, lease_token=token).update(state=state, **told, **RELEASED):
        logger.info("cohort check %s is %s, %d faults", row.pk, state, len(faults))
        record("cohort.checked", f"hospital {row.hospital.slug}", folder=row.folder, state=state, faults=len(faults))


@transaction.atomic
def cohort_checks_reconcile() -> None:
    """Rows whose worker is gone wait again, or are given up; bells that nobody heard are rung again."""
    now = timezone.now()
    lost = CohortCheck.objects.filter(state=State.CHECKING, lease_until__lt=now)
    gone = "The worker disappeared at every attempt."
    over = {"state": State.FAILED, "reason": gone, "finished": now, "state_since": now, **RELEASED}
    lost.filter(attempt__gte=settings.MAX_ATTEMPTS).update(**over)
    lost.update(state=State.WAITING, state_since=now, ring_at=now, **RELEASED)
    waiting = CohortCheck.objects.filter(state=State.WAITING, ring_at__lte=now).select_related("hospital")
    for row in waiting.order_by("created")[:RINGS_AT_ONCE]:
        bell.ring(TASK, row.pk, queue=row.hospital.queue)
        CohortCheck.objects.filter(pk=row.pk).update(ring_at=next_ring())
