"""A step of every Celery worker: it says that it is there, and follows hospitals that were added since it started."""

from __future__ import annotations

import logging
from typing import Any

from celery import bootsteps
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from leaderboard.evaluations.models import Worker
from leaderboard.hospitals.models import Hospital

logger = logging.getLogger(__name__)

# A worker that listens to this queue listens to every hospital's.
EVERY_HOSPITAL = "hospitals"


class Presence(bootsteps.StartStopStep):
    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        super().__init__(parent, **kwargs)
        self.entry: Any = None

    def start(self, parent: Any) -> None:
        self.look(parent)
        self.entry = parent.timer.call_repeatedly(settings.HEARTBEAT_SECONDS, self.look, (parent,))

    def stop(self, parent: Any) -> None:
        if self.entry is not None:
            self.entry.cancel()
        try:
            # One that was killed instead keeps its row, and falls silent.
            Worker.objects.filter(name=parent.hostname).delete()
        except DatabaseError as error:
            logger.warning("worker %s: its end not written: %s", parent.hostname, error)
        finally:
            connection.close()

    def look(self, parent: Any) -> None:
        queues = {queue.name for queue in parent.task_consumer.queues}
        try:
            if EVERY_HOSPITAL in queues:
                for hospital in Hospital.objects.all():
                    if hospital.queue not in queues:
                        parent.call_soon(parent.add_task_queue, hospital.queue)
            seen = {"queues": sorted(queues), "last_seen": timezone.now()}
            Worker.objects.update_or_create(name=parent.hostname, defaults=seen)
        except DatabaseError as error:
            logger.warning("worker %s: heartbeat not written: %s", parent.hostname, error)
        finally:
            connection.close()
