"""Celery's door to the post."""

from __future__ import annotations

from leaderboard.celery import app
from leaderboard.notices import services


@app.task(name="notices.send")
def send() -> None:
    services.notices_send()
