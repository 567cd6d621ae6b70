"""Reads what hospitals' machines report, until it is stopped. Any number of these may run."""

from __future__ import annotations

import logging
import signal
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, close_old_connections
from kombu import Connection, Consumer, Message, Queue
from kombu.mixins import ConsumerMixin

from leaderboard.evaluations.services import report_take
from leaderboard.hospitals.models import Enrolment
from leaderboard.lib.broker_admin import is_set_up, results_queue

logger = logging.getLogger(__name__)

LOOK_SECONDS = 5  # for hospitals that were enrolled since
HEARTBEAT = 20


class Command(BaseCommand):
    help = "Take in what hospitals with machines of their own report: needs RabbitMQ and the database, nothing else."

    def handle(self, *args: Any, **options: Any) -> None:
        if not is_set_up():
            raise CommandError("Set BROKER_URL and BROKER_ADMIN_URL: hospitals report through RabbitMQ.")
        with Connection(settings.CELERY_BROKER_URL, heartbeat=HEARTBEAT) as connection:
            intake = Intake(connection)
            for stop in (signal.SIGTERM, signal.SIGINT):
                signal.signal(stop, intake.stop)
            intake.run()


class Intake(ConsumerMixin):
    """A report is acknowledged when what it says is in the database: one that was being read is delivered again."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._slugs: dict[str, str] = {}
        self._consumer: Consumer | None = None
        self._look_at = 0.0

    def stop(self, *_: Any) -> None:
        self.should_stop = True

    def get_consumers(self, consumer_class: Any, channel: Any) -> list[Consumer]:
        self._slugs = {}
        self._consumer = consumer_class([], on_message=self.take, prefetch_count=1, accept=["json"])
        self.look()
        return [self._consumer]

    def on_iteration(self) -> None:
        """Once a second at least, and before each report."""
        if time.monotonic() >= self._look_at:
            self.look()

    def look(self) -> None:
        assert self._consumer is not None
        self._look_at = time.monotonic() + LOOK_SECONDS
        close_old_connections()
        try:
            slugs = Enrolment.objects.values_list("hospital__slug", flat=True)
            for slug in slugs:
                queue = results_queue(slug)
                if queue not in self._slugs:
                    self._slugs[queue] = slug
                    self._consumer.add_queue(Queue(queue, no_declare=True))
                    self._consumer.consume()
        except DatabaseError as error:
            logger.warning("hospitals not looked up: %s", error)

    def take(self, message: Message) -> None:
        slug = self._slugs.get(str((message.delivery_info or {}).get("exchange", "")))
        body = message.body if isinstance(message.body, bytes) else str(message.body).encode()
        try:
            if slug is None:
                logger.error("a report by an exchange that is no hospital's: dropped")
            else:
                report_take(slug=slug, data=body)
        except DatabaseError as error:
            logger.warning("a report of hospital %s not taken in, it is delivered again: %s", slug, error)
            close_old_connections()
            time.sleep(1)
            message.requeue()
            return
        except Exception:
            # One report that we cannot digest must not keep out all that follow; it is in the hospital's outbox.
            logger.exception("a report of hospital %s was dropped by an error of ours", slug)
        message.ack()
