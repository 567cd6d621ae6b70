"""Celery's doors to this app: a key comes in, one service is called."""

from __future__ import annotations

from uuid import UUID

from leaderboard.celery import app
from leaderboard.lib.logs import bound
from leaderboard.submissions import services


@app.task(name="submissions.check")
def check(pk: str) -> None:
    with bound(submission=pk):
        services.submission_check(pk=UUID(pk))


@app.task(name="submissions.try_out")
def try_out(pk: str) -> None:
    with bound(submission=pk):
        services.submission_try_out(pk=UUID(pk))


@app.task(name="submissions.reconcile")
def reconcile() -> None:
    services.submissions_reconcile()


@app.task(name="submissions.push")
def push(pk: str) -> None:
    services.submission_push(pk=UUID(pk))
