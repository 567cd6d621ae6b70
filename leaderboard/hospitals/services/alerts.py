"""Alerts: organisers are written to once, and see how often it happened until somebody acknowledges it."""

from __future__ import annotations

import logging

from django.core.mail import send_mail
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import organisers
from leaderboard.audit.services import record
from leaderboard.hospitals.models import Alert, Hospital
from leaderboard.hospitals.signals import alert_raised
from leaderboard.lib.errors import Refusal

logger = logging.getLogger(__name__)

LONGEST = 500


@transaction.atomic
def alert_raise(*, hospital: Hospital, kind: str, said: str, about: str = "") -> None:
    """The message that is sent names no case: mail leaves the house."""
    said = said[:LONGEST]
    logger.error("alert: hospital %s, %s %s: %s", hospital.slug, kind, about, said)
    now = timezone.now()
    alert, new = Alert.objects.get_or_create(
        hospital=hospital, kind=kind, about=about[:100], acknowledged_at=None, defaults={"said": said, "last": now}
    )
    if not new:
        Alert.objects.filter(pk=alert.pk).update(count=F("count") + 1, last=now, said=said)
        return
    alert_raised.send(sender=Alert, alert_id=alert.pk)
    record("hospital.alert", f"hospital {hospital.slug}", kind=kind, topic=about[:100], said=said)
    to = list(organisers().values_list("email", flat=True))
    text = (
        f"{hospital}: {alert.get_kind_display()}. Nothing of it was taken in.\n\n"
        f"See it under Operations, {reverse('evaluations:operations')}, and acknowledge it there.\n"
    )
    if to:
        transaction.on_commit(lambda: send_mail(f"Alert: {hospital}", text, None, to) and None, robust=True)


@transaction.atomic
def alert_acknowledge(*, alert: Alert, by: User) -> None:
    """Somebody has seen it; the same again is a new alert.

    Raises
    ------
    Refusal
        Somebody was faster.
    """
    open_one = Alert.objects.filter(pk=alert.pk, acknowledged_at__isnull=True)
    if not open_one.update(acknowledged_at=timezone.now(), acknowledged_by=by):
        raise Refusal("There is nothing to acknowledge.", why="Somebody was faster.")
    record("hospital.alert-acknowledged", f"hospital {alert.hospital.slug}", by=by.pk, kind=alert.kind)
