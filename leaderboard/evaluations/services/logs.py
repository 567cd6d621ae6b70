"""Logs of runs on held-out scans: for organisers only, encrypted, and gone after a while."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.evaluations.models import Run, RunLog
from leaderboard.lib import encrypted
from leaderboard.lib.files import bounded


def log_keep(run: Run, log: bytes) -> None:
    """What one container printed. An attempt that is done again after a lost worker adds its own."""
    text = bounded(log.decode("utf-8", "replace"))
    RunLog.objects.create(run=run, attempt=run.attempt, encrypted=encrypted.encrypt(text))


@transaction.atomic
def logs_read(*, run: Run, by: User) -> list[tuple[RunLog, str]]:
    """What the containers of a run printed, oldest first. A container can print scans: who looks is recorded."""
    found = [(log, encrypted.decrypt(log.encrypted)) for log in run.logs.order_by("pk")]
    record("run.log-read", f"run {run.pk}", by=by.pk, logs=len(found))
    return found


def logs_expire() -> int:
    old = RunLog.objects.filter(created__lt=timezone.now() - timedelta(days=settings.LOG_DAYS))
    return old.delete()[0]
