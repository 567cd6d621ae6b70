"""Celery's doors to this app: a key comes in, one service is called."""

from __future__ import annotations

from uuid import UUID

from leaderboard.celery import app
from leaderboard.webhooks import services


@app.task(name="webhooks.send")
def send(pk: str) -> None:
    services.delivery_send(pk=UUID(pk))


@app.task(name="webhooks.reconcile")
def reconcile() -> None:
    services.webhooks_reconcile()
