"""Keeping what hospitals' machines sent, to the very text: their data stewards see here what left the building."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from evaluator import wire
from leaderboard.evaluations.models import Received, Run
from leaderboard.hospitals.models import Hospital
from leaderboard.lib import documents


@transaction.atomic
def received_keep(*, hospital: Hospital, opened: wire.Opened[wire.Report], data: bytes, taken: bool) -> None:
    """Keep a message whose signature was right; one that came before is there already."""
    kind = kind_of(opened.message)
    run = getattr(opened.message, "run", 0)
    row: dict[str, Any] = {
        "run": Run.objects.filter(pk=run, hospital=hospital).first() if run else None,
        "serial": opened.serial,
        "sent": opened.sent,
        "received": timezone.now(),
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "taken": taken,
    }
    if kind not in Received.REPLACED:
        if taken:
            row["document"] = documents.keep(data)
        known, made = Received.objects.get_or_create(
            hospital=hospital, kind=kind, sha256=row.pop("sha256"), defaults=row
        )
        if not made:
            Received.objects.filter(pk=known.pk).update(count=F("count") + 1)
        return
    before = Received.objects.filter(hospital=hospital, kind=kind, run=row["run"])
    newer = before.filter(serial__lt=opened.serial).update(text=data.decode(), count=F("count") + 1, **row)
    if not newer and not before.exists():
        Received.objects.create(hospital=hospital, kind=kind, text=data.decode(), **row)


def kind_of(message: wire.Report) -> str:
    """As it is called on the wire."""
    return str(type(message).__struct_config__.tag)
