"""The Celery application of one hospital: one queue to read, one task that journals what came, and nothing else."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.exceptions import Reject
from celery.worker.consumer import Consumer

from evaluator.worker.broker import CONNECT_SECONDS, work_queue

TASK = "evaluator.order"
HEARTBEAT_SECONDS = 10
AGAIN_SECONDS = 1.0

# Given the text of a sealed order, which the broker is then told has arrived.
Intake = Callable[[str], None]
# Given the SHA-256 of what came, and why it is not read.
Refused = Callable[[str, str], None]

logger = logging.getLogger(__name__)


class OrderConsumer(Consumer):
    """What is no order is refused in a line: a message is never a traceback, and never comes twice."""

    def call_soon_ack(self, p: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Now: the loop's next turn may be seconds away, and the broker holds the next order back until then."""
        return p(*args, **kwargs)

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        self._refuse(message, f"it is {str(message.content_type)[:60]!r} and cannot be decoded")

    def on_unknown_message(self, body: Any, message: Any) -> None:
        self._refuse(message, "it is no task")

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        self._refuse(message, "it is for a task that is not known here")

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        self._refuse(message, "it has not the arguments of an order")

    def _refuse(self, message: Any, why: str) -> None:
        body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
        refused: Refused = self.app.conf.refused
        refused(hashlib.sha256(body).hexdigest(), f"A message is no order: {why}.")
        message.ack()


def make_app(slug: str, *, url: str, security: dict[str, Any] | None, intake: Intake, refused: Refused) -> Celery:
    """The app; ``intake`` journals an order and raises nothing."""
    app = Celery("evaluator", set_as_current=False, broker=url)
    queue = work_queue(slug)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_queues=[queue],
        task_default_queue=queue.name,
        task_default_exchange=queue.name,
        task_default_routing_key=queue.name,
        task_create_missing_queues=False,
        task_ignore_result=True,
        task_acks_late=True,  # that is: once it is journaled, long before it is carried out
        broker_use_ssl=security,
        broker_heartbeat=HEARTBEAT_SECONDS,
        broker_connection_timeout=CONNECT_SECONDS,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_enable_prefetch_count_reduction=False,
        worker_cancel_long_running_tasks_on_connection_loss=True,  # orders take no time; and it is asked for
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_detect_quorum_queues=False,
        worker_consumer=f"{__name__}:{OrderConsumer.__name__}",
        refused=refused,
    )

    @app.task(name=TASK)
    def order(sealed: str) -> None:
        try:
            intake(sealed)
        except sqlite3.Error as error:  # the broker keeps it until it can be written down
            logger.error("ALERT: an order cannot be journaled: %s", error)  # noqa: TRY400
            time.sleep(AGAIN_SECONDS)
            raise Reject(str(error), requeue=True) from error

    return app


def make_worker(app: Celery) -> Any:
    """A Celery worker in this process and thread; one message after another is journaled."""
    return app.Worker(
        pool="solo",
        concurrency=1,
        hostname="hospital@localhost",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        task_events=False,
        quiet=True,
        loglevel="WARNING",
    )
