"""Claiming a row by one conditional update, holding it by heartbeats, and losing it without noticing too late.

A leased row has `state`, `state_since`, `lease_token`, `lease_until`, `worker` and `heartbeat`.
"""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

RELEASED: dict[str, Any] = {"lease_token": None, "lease_until": None}


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
