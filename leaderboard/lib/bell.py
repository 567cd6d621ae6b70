"""The doorbell: once this transaction has committed, tell a queue to look at a row."""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from leaderboard.celery import app

logger = logging.getLogger(__name__)


def ring(task: str, pk: UUID | int, *, queue: str = "platform") -> None:
    """Send a task by its name on commit. A bell that nobody hears costs time, not truth: the reconciler rings again."""

    def send() -> None:
        try:
            app.send_task(task, args=[str(pk)], queue=queue, expires=settings.RING_AGAIN_SECONDS * 2, retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("bell %s %s not rung, the reconciler will: %s", task, pk, error)

    transaction.on_commit(send)
