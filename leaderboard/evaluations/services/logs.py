"""Logs of runs on held-out scans: for organisers only, encrypted, and gone after a while."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.evaluations.models import Run, RunLog
from leaderboard.lib import sealed
from leaderboard.lib.files import bounded


class LogKeeper:
    """Keeps what each container of an attempt printed; an attempt that is done again by a lost worker adds its own."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(self, log: bytes) -> None:
        text = bounded(log.decode("utf-8", "replace"))
        RunLog.objects.create(run=self._run, attempt=self._run.attempt, sealed=sealed.seal(text))


@transaction.atomic
def logs_read(*, run: Run, by: User) -> list[tuple[RunLog, str]]:
    """What the containers of a run printed, oldest first. A container can print scans: who looks is recorded."""
    found = [(log, sealed.unseal(log.sealed)) for log in run.logs.order_by("pk")]
    record("run.log-read", f"run {run.pk}", by=by.pk, logs=len(found))
    return found


def logs_expire() -> int:
    old = RunLog.objects.filter(created__lt=timezone.now() - timedelta(days=settings.LOG_DAYS))
    return old.delete()[0]
