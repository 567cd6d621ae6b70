"""Web-hooks and what became of their deliveries."""

from __future__ import annotations

from django.db.models import Count, Max, Q, QuerySet

from leaderboard.webhooks.models import Delivery, Hook

LATEST = 100


def hooks() -> QuerySet[Hook]:
    state = Delivery.State
    return Hook.objects.annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=state.WAITING)),
        given_up=Count("deliveries", filter=Q(deliveries__state=state.FAILED)),
        last_delivered=Max("deliveries__delivered_at"),
    )


def latest_deliveries(hook: Hook) -> QuerySet[Delivery]:
    return hook.deliveries.order_by("-created")[:LATEST]
