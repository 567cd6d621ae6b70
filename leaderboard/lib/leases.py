"""Claiming a row by one conditional update, holding it by heartbeats, and losing it without noticing too late.

A leased row has `state`, `state_since`, `lease_token`, `lease_until`, `worker` and `heartbeat`.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import QuerySet
from django.utils import timezone

logger = logging.getLogger(__name__)

RELEASED: dict[str, Any] = {"lease_token": None, "lease_until": None}


def lease_from_now(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def this_worker() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def claim(rows: QuerySet[Any], *, state: str, **changes: object) -> UUID | None:
    """Move the row that `rows` selects into `state` and hold it; None if somebody else was first."""
    now = timezone.now()
    token = uuid4()
    claimed = rows.update(
        state=state,
        state_since=now,
        lease_token=token,
        lease_until=now + timedelta(seconds=settings.LEASE_SECONDS),
        worker=this_worker(),
        heartbeat=now,
        **changes,
    )
    return token if claimed else None


def renew(rows: QuerySet[Any], *, token: UUID, **changes: object) -> bool:
    """Keep the row for another lease; False if it is not ours any more."""
    now = timezone.now()
    until = now + timedelta(seconds=settings.LEASE_SECONDS)
    return bool(rows.filter(lease_token=token).update(heartbeat=now, lease_until=until, **changes))


class LeaseWatcher:
    """For a call that asks now and then whether to stop: renews at each heartbeat, and stops once the row is lost."""

    def __init__(self, rows: QuerySet[Any], *, token: UUID) -> None:
        self._rows = rows
        self._token = token
        self._next = time.monotonic() + settings.HEARTBEAT_SECONDS
        self.lost = False

    def case_done(self, done: int, total: int) -> None:
        """Nobody shows the progress of a few sample cases."""

    def cancelled(self) -> bool:
        if not self.lost and time.monotonic() >= self._next:
            self._next = time.monotonic() + settings.HEARTBEAT_SECONDS
            self.lost = not renew(self._rows, token=self._token)
        return self.lost


@contextmanager
def kept(rows: QuerySet[Any], *, token: UUID, facts: Callable[[], dict[str, Any]] = dict) -> Iterator[None]:
    """Renew from a thread while a call that is bounded in time does its work; ``facts`` says how far it is by then."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(settings.HEARTBEAT_SECONDS):
            try:
                if not renew(rows, token=token, **facts()):
                    return
            except DatabaseError as error:
                logger.warning(
                    "heartbeat of %s not written, next in %s s: %s", token, settings.HEARTBEAT_SECONDS, error
                )
            finally:
                connection.close()

    thread = threading.Thread(target=copy_context().run, args=(beat,), name=f"lease {token}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def next_ring() -> datetime:
    """When to ring once more for a row that was rung for now."""
    return timezone.now() + timedelta(seconds=settings.RING_AGAIN_SECONDS)


def retry_at(attempt: int) -> datetime:
    """When the next attempt may begin: the wait doubles with every attempt."""
    return timezone.now() + timedelta(seconds=settings.RETRY_SECONDS * 2 ** max(0, attempt - 1))
