"""The doorbell: once this transaction has committed, tell a queue to look at a row."""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from leaderboard.celery import app
from leaderboard.lib.broker_admin import work_queue

logger = logging.getLogger(__name__)

ORDER = "evaluator.order"  # the one task of a hospital's worker


def ring(task: str, pk: UUID | int, *, queue: str = "platform") -> None:
    """Send a task by its name on commit. A bell that nobody hears costs time, not truth: the reconciler rings again."""

    def send() -> None:
        try:
            app.send_task(task, args=[str(pk)], queue=queue, expires=settings.RING_AGAIN_SECONDS * 2, retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("bell %s %s not rung, the reconciler will: %s", task, pk, error)

    transaction.on_commit(send)


def order(slug: str, text: str) -> None:
    """Send a signed order to a hospital's own queue on commit; lost, it is sent again by who looks after its row."""
    queue = work_queue(slug)

    def send() -> None:
        try:
            app.send_task(ORDER, args=[text], exchange=queue, routing_key=queue, retry=False)
        except (OperationalError, OSError) as error:
            logger.warning("order to hospital %s not sent, the reconciler will: %s", slug, error)

    transaction.on_commit(send)
