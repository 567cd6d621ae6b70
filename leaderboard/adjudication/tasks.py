"""Celery's doors to this app: a key comes in, one service is called."""

from __future__ import annotations

from leaderboard.adjudication import services
from leaderboard.celery import app


@app.task(name="adjudication.search")
def search(pk: str) -> None:
    services.search_run(pk=int(pk))


@app.task(name="adjudication.reconcile")
def reconcile() -> None:
    services.searches_reconcile()
