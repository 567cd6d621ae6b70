"""Finding runs whose worker is gone, rows that nobody was told about, and containers that outlived their run."""

from __future__ import annotations

import logging
import time

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evaluator.container.docker_engine import DockerEngine
from evaluator.container.reaper import reap
from evaluator.errors import FailureClass, PlatformFault
from leaderboard.audit.services import record
from leaderboard.evaluations.models import Run
from leaderboard.evaluations.services.dispatch import evaluation_create
from leaderboard.evaluations.services.line import line_update, ring
from leaderboard.evaluations.services.logs import logs_expire
from leaderboard.evaluations.services.nulls import nulls_reconcile
from leaderboard.evaluations.services.orders import orders_reconcile, silent_give_up
from leaderboard.evaluations.services.permissions import refusals_reconcile
from leaderboard.evaluations.services.settle import CANCELLED, evaluation_settle
from leaderboard.evaluations.services.tell import endings_tell
from leaderboard.hospitals.models import Hospital
from leaderboard.lib import broker
from leaderboard.lib.leases import RELEASED, next_ring
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)

RINGS_AT_ONCE = 10
State = Run.State


def evaluations_reconcile() -> None:
    create_missing()
    give_up_lost()
    refusals_reconcile()
    lines_reconcile()
    ring_again()
    orders_reconcile()
    nulls_reconcile()
    reap_containers()
    logs_expire()
    endings_tell()
    broker.prune()


def create_missing() -> None:
    accepted = Submission.objects.filter(state=Submission.State.ACCEPTED, evaluation__isnull=True)
    for pk in accepted.values_list("pk", flat=True):
        logger.warning("submission %s was accepted and has no evaluation: making it", pk)
        evaluation_create(submission_id=pk)


@transaction.atomic
def give_up_lost() -> None:
    """Whoever held these is gone: they are in line again, cancelled if that was asked for, or have failed at last."""
    now = timezone.now()
    lost = Run.objects.filter(state__in=Run.HELD, order_token__isnull=True, lease_until__lt=now)
    held = list(lost.values_list("pk", "attempt"))
    touched = set(lost.values_list("evaluation_id", flat=True)) | silent_give_up()
    changes = {"state_since": now, **RELEASED}
    platform = FailureClass.PLATFORM_ERROR
    told = {"failure": platform.value, "fault": platform.fault.value}
    lost.filter(cancel_requested=True).update(state=State.CANCELLED, finished=now, **CANCELLED, **changes)
    lost.filter(attempt__gte=settings.MAX_ATTEMPTS).update(
        state=State.FAILED, finished=now, reason="The worker disappeared at every attempt.", **told, **changes
    )
    reason = "The worker disappeared; the run is in line again."
    again = lost.update(state=State.QUEUED, cases_done=0, ring_at=now, reason=reason, **told, **changes)
    if touched:
        logger.warning("lost leases in %d evaluations, %d runs in line again", len(touched), again)
    for evaluation_id in sorted(touched):
        evaluation_settle(evaluation_id)
    for pk, attempt in held:
        record("run.lease-lost", f"run {pk}", attempt=attempt)


@transaction.atomic
def lines_reconcile() -> None:
    """Runs that wait at a hospital that is on: it was switched, or asked, while they were on their way into line."""
    waiting = Run.objects.filter(state=State.WAITING, order_token__isnull=True, hospital__active=True)
    for hospital in Hospital.objects.filter(pk__in=waiting.order_by().values("hospital")):
        line_update(hospital)


def reap_containers() -> None:
    try:
        removed = reap(DockerEngine(), time.monotonic())
    except PlatformFault as fault:
        logger.warning("containers not looked after: %s", fault)
    else:
        for owned in removed:
            logger.warning("%s %s outlived its run and was removed", owned.kind, owned.name)


@transaction.atomic
def ring_again() -> None:
    now = timezone.now()
    due = Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=now)
    waiting = Run.objects.filter(due, state=State.QUEUED, ring_at__lte=now, hospital__enrolment__isnull=True)
    for run in waiting.select_related("hospital").order_by("created", "pk")[:RINGS_AT_ONCE]:
        ring(run)
        Run.objects.filter(pk=run.pk).update(ring_at=next_ring())
