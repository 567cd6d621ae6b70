"""Celery's doors to this app."""

from __future__ import annotations

from django.conf import settings

from leaderboard.celery import app
from leaderboard.operations.clean import clean as remove


@app.task(name="operations.clean")
def clean() -> None:
    remove(days=settings.CLEAN_DAYS, dry_run=False)
