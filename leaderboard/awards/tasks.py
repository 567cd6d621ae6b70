"""Celery's door to this app."""

from __future__ import annotations

from leaderboard.awards.services import reminders_send
from leaderboard.celery import app


@app.task(name="awards.remind")
def remind() -> None:
    reminders_send()
