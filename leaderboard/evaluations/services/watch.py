"""What looks over the pipeline's shoulder: progress, heartbeats, and every reason to stop."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from evaluator.pipeline import Speed
from leaderboard.evaluations.models import Run
from leaderboard.lib.leases import renew

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Stop:
    """Why a run is stopped; ``state`` is what it becomes, None if it is somebody else's by now."""

    state: str | None
    reason: str


LOST = Stop(state=None, reason="Another worker holds this run.")
CANCELLED = Stop(state=Run.State.CANCELLED, reason="Cancelled.")
SWITCHED_OFF = Stop(state=Run.State.WAITING, reason="The hospital was switched off; it runs again when it is on.")


class RunWatcher:
    """The pipeline's ``Watcher``. The row is read and written once per heartbeat, however often this is called."""

    def __init__(self, run: Run, token: UUID) -> None:
        self.run = run
        self.token = token
        self.stop: Stop | None = None
        self._done = 0
        self._total = run.cases_total
        self._speed = Speed()
        self._next = time.monotonic() + settings.HEARTBEAT_SECONDS
        self._until = time.monotonic() + settings.LEASE_SECONDS

    def case_done(self, done: int, total: int) -> None:
        self._done, self._total = done, total
        self._speed.look(done)
        self._look()

    def cancelled(self) -> bool:
        self._look()
        return self.stop is not None

    def _look(self) -> None:
        now = time.monotonic()
        if self.stop is None and now >= self._next:
            self._next = now + settings.HEARTBEAT_SECONDS
            try:
                self.stop = self._beat()
                self._until = now + settings.LEASE_SECONDS
            except DatabaseError as error:
                # Without its lease written it may go on for as long as the lease lasts, and no longer.
                logger.warning("run %s: heartbeat not written: %s", self.run.pk, error)
                if now >= self._until:
                    self.stop = LOST

    def _beat(self) -> Stop | None:
        row = Run.objects.filter(pk=self.run.pk, state__in=Run.HELD)
        counts = {
            "cases_done": self._done,
            "cases_total": self._total,
            "seconds_per_case": self._speed.seconds_per_case,
        }
        if not renew(row, token=self.token, **counts):
            return LOST
        asked, active = row.values_list("cancel_requested", "hospital__active").get()
        if asked:
            return CANCELLED
        return None if active else SWITCHED_OFF


def running(run: Run, token: UUID) -> None:
    """The image is there."""
    row = Run.objects.filter(pk=run.pk, state=Run.State.FETCHING)
    renew(row, token=token, state=Run.State.RUNNING, state_since=timezone.now())


def scoring(run: Run, token: UUID, *, cases: int) -> None:
    """The containers are gone; what they wrote is being put together."""
    row = Run.objects.filter(pk=run.pk, state=Run.State.RUNNING)
    renew(row, token=token, state=Run.State.SCORING, state_since=timezone.now(), cases_done=cases, cases_total=cases)
