"""Finding submissions whose worker is gone, and those that nobody was told about."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evaluator.errors import FailureClass
from leaderboard.audit.services import record
from leaderboard.lib import bell
from leaderboard.lib.leases import RELEASED, next_ring
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services.registry import registry_reconcile

logger = logging.getLogger(__name__)

RINGS_AT_ONCE = 10
State = Submission.State
TASK = {State.UPLOADED.value: "submissions.check", State.TRYING_OUT.value: "submissions.try_out"}


@transaction.atomic
def submissions_reconcile() -> None:
    give_up_lost()
    registry_reconcile()
    now = timezone.now()
    due = Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=now)
    waiting = Submission.objects.filter(due, state__in=TASK, lease_token__isnull=True, ring_at__lte=now)
    for submission in waiting.order_by("state_since")[:RINGS_AT_ONCE]:
        bell.ring(TASK[submission.state], submission.pk)
        Submission.objects.filter(pk=submission.pk).update(ring_at=next_ring())


def give_up_lost() -> None:
    """Whoever held these is gone: they wait again, or are given up after as many attempts as an error may have."""
    now = timezone.now()
    lost = Submission.objects.filter(lease_until__lt=now)
    held = list(lost.values_list("pk", "attempt"))
    platform = FailureClass.PLATFORM_ERROR
    hopeless = lost.filter(attempt__gte=settings.MAX_ATTEMPTS).update(
        state=State.REFUSED,
        state_since=now,
        failure=platform.value,
        fault=platform.fault.value,
        reason="The worker disappeared at every attempt.",
        next_step="This is not charged. The organisers see it; hand it in again later.",
        **RELEASED,
    )
    again = {"state_since": now, "ring_at": now, **RELEASED}
    checks = lost.filter(state=State.CHECKING).update(state=State.UPLOADED, **again)
    try_outs = lost.filter(state=State.TRYING_OUT).update(**again)
    if hopeless or checks or try_outs:
        logger.warning("lost leases: %d checks, %d try-outs wait again, %d given up", checks, try_outs, hopeless)
    for pk, attempt in held:
        record("submission.lease-lost", f"submission {pk}", attempt=attempt)
