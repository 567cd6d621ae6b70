"""Web-hooks made, changed and ended; their deliveries put in the post, sent, and tried again."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import organisers
from leaderboard.audit.services import record
from leaderboard.lib import bell, encrypted
from leaderboard.lib.errors import Refusal
from leaderboard.notices.services import notice_add
from leaderboard.webhooks.addresses import target_of
from leaderboard.webhooks.models import Delivery, Hook
from leaderboard.webhooks.sending import Answer, send

logger = logging.getLogger(__name__)

TASK = "webhooks.send"
CLAIM = timedelta(minutes=5)  # who sends has so long
LATER = tuple(timedelta(minutes=one) for one in (1, 5, 30, 120, 360, 720, 1440, 1440))  # after each attempt that fails
GIVEN_UP = timedelta(days=3)
AT_ONCE = 50
State = Delivery.State


@transaction.atomic
def hook_save(*, hook: Hook, secret: str, by: User) -> str:
    """Make or change one; gives the secret where a new one was made, which is shown this once.

    Raises
    ------
    Refusal
        Its address is none that a web-hook may lead to.
    """
    target_of(hook.url)
    made, new = hook._state.adding, ""
    if made:
        hook.created_by = by
        new = "" if secret else secrets.token_urlsafe(32)
    if secret or new:
        hook.secret = encrypted.encrypt(secret or new)
    hook.full_clean(exclude=["secret"])
    hook.save()
    logger.info("web-hook %s %s by user %s", hook.pk, "made" if made else "changed", by.pk)
    told = {"name": hook.name, "url": hook.url, "events": hook.events, "secret": bool(secret or new)}
    record("webhook.made" if made else "webhook.changed", f"web-hook {hook.pk}", by=by.pk, **told)
    return new


@transaction.atomic
def hook_switch(*, hook: Hook, active: bool, by: User) -> None:
    """Off, it is told nothing, and what waits is given up; on, it begins anew."""
    changed = Hook.objects.filter(pk=hook.pk).exclude(active=active)
    if changed.update(active=active, failing_since=None, off_why=""):
        if not active:
            give_up_waiting(hook, "The web-hook was switched off.")
        record("webhook.switched", f"web-hook {hook.pk}", by=by.pk, active=active)


@transaction.atomic
def hook_delete(*, hook: Hook, by: User) -> None:
    about = f"web-hook {hook.pk}"
    hook.delete()
    record("webhook.deleted", about, by=by.pk, name=hook.name)


@transaction.atomic
def news_add(*, event: str, facts: Mapping[str, Any]) -> None:
    """Put it in the post for every web-hook that asks for such news, in the transaction of what it tells of."""
    now = timezone.now()
    for hook in Hook.objects.filter(active=True):
        if event in hook.events:
            pk = uuid4()
            body = {"id": str(pk), "event": event, "created": now.isoformat(timespec="seconds"), **facts}
            Delivery.objects.create(pk=pk, hook=hook, event=event, body=json.dumps(body, ensure_ascii=False))
            bell.ring(TASK, pk)


def delivery_send(*, pk: UUID) -> None:
    """Send one that is due. Whoever else looks at it meanwhile finds it claimed."""
    now = timezone.now()
    due = Delivery.objects.filter(pk=pk, state=State.WAITING, next_attempt_at__lte=now, hook__active=True)
    # A row in another table cannot be a condition of an update everywhere: the key is looked up first.
    if not Delivery.objects.filter(pk__in=due.values("pk"), next_attempt_at__lte=now).update(
        next_attempt_at=now + CLAIM, attempt=F("attempt") + 1
    ):
        return
    row = Delivery.objects.select_related("hook").get(pk=pk)
    try:
        answer = send(row.hook.url, row.body.encode(), key=row.hook.key, event=row.event, delivery=str(row.pk))
    except encrypted.Lost as lost:
        answer = Answer(status=None, error=f"{lost} Give the web-hook a new secret.")
    if answer.ok:
        delivered(row, answer)
    else:
        failed(row, answer)


def settled(row: Delivery, answer: Answer, **ending: Any) -> bool:
    """Write how an attempt went, unless the row was given up, sent again or deleted meanwhile."""
    mine = Delivery.objects.filter(pk=row.pk, state=State.WAITING, attempt=row.attempt)
    return bool(mine.update(status=answer.status, error=answer.error, **ending))


@transaction.atomic
def delivered(row: Delivery, answer: Answer) -> None:
    if settled(row, answer, state=State.DELIVERED, delivered_at=timezone.now(), next_attempt_at=None):
        Hook.objects.filter(pk=row.hook_id).update(failing_since=None)


@transaction.atomic
def failed(row: Delivery, answer: Answer) -> None:
    """Tried again later each time; a web-hook that takes nothing for days is switched off."""
    now = timezone.now()
    logger.warning("delivery %s to web-hook %s: attempt %d: %s", row.pk, row.hook_id, row.attempt, answer.error)
    last = row.attempt >= len(LATER)
    ending = {"state": State.FAILED} if last else {}
    if not settled(row, answer, next_attempt_at=None if last else now + LATER[row.attempt - 1], **ending):
        return
    hook = Hook.objects.select_for_update().get(pk=row.hook_id)
    if hook.failing_since is None:
        Hook.objects.filter(pk=hook.pk).update(failing_since=now)
    elif hook.active and hook.failing_since < now - GIVEN_UP:
        why = f"Nothing could be delivered since {hook.failing_since:%Y-%m-%d %H:%M} UTC. {answer.error}"[:300]
        Hook.objects.filter(pk=hook.pk).update(active=False, off_why=why)
        give_up_waiting(hook, "The web-hook was switched off: it took nothing for days.")
        text = f"The web-hook “{hook.name}” is switched off: nothing could be delivered for three days."
        notice_add(to=organisers(), text=text, link=reverse("webhooks:hook", args=[hook.pk]))
        record("webhook.switched", f"web-hook {hook.pk}", active=False, why=why)


def give_up_waiting(hook: Hook, why: str) -> None:
    waiting = Delivery.objects.filter(hook=hook, state=State.WAITING)
    waiting.update(state=State.FAILED, next_attempt_at=None, error=why)


@transaction.atomic
def delivery_again(*, delivery: Delivery, by: User) -> None:
    """Send the very same message again, now.

    Raises
    ------
    Refusal
        It waits to be sent anyway, or its web-hook is off.
    """
    again = {"state": State.WAITING, "attempt": 0, "next_attempt_at": timezone.now(), "delivered_at": None}
    ended = Delivery.objects.filter(pk=delivery.pk).exclude(state=State.WAITING)
    if not delivery.hook.active:
        raise Refusal(f"“{delivery.hook}” is switched off.", next_step="Switch it on first.")
    if not ended.update(**again):
        raise Refusal("It waits to be sent already.")
    bell.ring(TASK, delivery.pk)
    record("webhook.sent-again", f"web-hook {delivery.hook_id}", by=by.pk, delivery=str(delivery.pk))


@transaction.atomic
def hook_test(*, hook: Hook, by: User) -> Delivery:
    """A message that tells of nothing, to see whether it arrives."""
    pk, now = uuid4(), timezone.now()
    body = {"id": str(pk), "event": "test", "created": now.isoformat(timespec="seconds"), "said": "It arrives."}
    row = Delivery.objects.create(pk=pk, hook=hook, event="test", body=json.dumps(body))
    bell.ring(TASK, pk)
    record("webhook.tested", f"web-hook {hook.pk}", by=by.pk)
    return row


def webhooks_reconcile() -> None:
    """Ring for what is due: its first bell was not heard, or it is to be tried again."""
    due = Delivery.objects.filter(state=State.WAITING, next_attempt_at__lte=timezone.now(), hook__active=True)
    for pk in due.order_by("next_attempt_at").values_list("pk", flat=True)[:AT_ONCE]:
        bell.ring(TASK, pk)


def deliveries_expire(days: int, *, dry_run: bool) -> int:
    """Those that ended long ago; how many."""
    old = Delivery.objects.filter(created__lt=timezone.now() - timedelta(days=days)).exclude(state=State.WAITING)
    return old.count() if dry_run else old.delete()[0]
