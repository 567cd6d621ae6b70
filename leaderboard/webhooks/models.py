"""Web-hooks: what other programs of the organisers are told, and every delivery with how it went."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leaderboard.lib import encrypted

EVENTS = (
    ("submission.accepted", "a submission was accepted"),
    ("evaluation.done", "an evaluation is done"),
    ("evaluation.failed", "an evaluation failed"),
    ("ranking.published", "a ranking was published"),
    ("alert.raised", "an alert was raised"),
)


def check_events(value: Any) -> None:
    if not isinstance(value, list) or not value or not set(value) <= {name for name, _ in EVENTS}:
        raise ValidationError("Choose at least one event.")


class Hook(models.Model):
    """Where to tell what. Each delivery is signed with the secret, which is kept encrypted."""

    name = models.CharField(max_length=60, unique=True)
    url = models.CharField("address", max_length=500)
    events = models.JSONField(default=list, validators=[check_events])
    secret = models.BinaryField()
    active = models.BooleanField(default=True)
    created = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    failing_since = models.DateTimeField(null=True, blank=True, help_text="Of the first failure since a success.")
    off_why = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def key(self) -> str:
        return encrypted.secret_of(self.secret)


class Delivery(models.Model):
    """One message to one address. A row is also its place in the post: it is due from ``next_attempt_at`` on."""

    class State(models.TextChoices):
        WAITING = "waiting", "waiting"
        DELIVERED = "delivered", "delivered"
        FAILED = "failed", "given up"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    hook = models.ForeignKey(Hook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=40)
    body = models.TextField(help_text="JSON, as it is sent: a signature is of these very bytes.")
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Of the last answer.")
    error = models.CharField(max_length=300, blank=True)
    created = models.DateTimeField(default=timezone.now)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created",)
        indexes = (
            models.Index(fields=("next_attempt_at",), condition=Q(state="waiting"), name="delivery_due"),
            models.Index(fields=("hook", "-created"), name="delivery_lately"),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(state="waiting", next_attempt_at__isnull=False)
                | (~Q(state="waiting") & Q(next_attempt_at__isnull=True)),
                name="delivery_waits_until",
            ),
            models.CheckConstraint(
                condition=Q(state="delivered", delivered_at__isnull=False)
                | (~Q(state="delivered") & Q(delivered_at__isnull=True)),
                name="delivery_delivered_at_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.event} to {self.hook}"
