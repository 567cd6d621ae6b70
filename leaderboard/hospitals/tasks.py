"""Celery's doors to this app: a key comes in, one service is called."""

from __future__ import annotations

from leaderboard.celery import app
from leaderboard.hospitals import services


@app.task(name="hospitals.check_cohort")
def check_cohort(pk: str) -> None:
    services.cohort_check_run(pk=int(pk))


@app.task(name="hospitals.reconcile")
def reconcile() -> None:
    services.cohort_checks_reconcile()
