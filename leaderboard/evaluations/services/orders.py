"""Runs at hospitals with machines of their own: which are ordered, and orders that are sent again or taken back."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from evaluator.wire import Allowed, CancelOrder, NullsOrder, Order, RunOrder, seal
from leaderboard.evaluations.models import NullResult, Run
from leaderboard.evaluations.services.as_ordered import submission_record
from leaderboard.evaluations.services.line import State, in_line
from leaderboard.evaluations.services.settle import CANCELLED, FREE, evaluation_settle
from leaderboard.hospitals.models import Enrolment
from leaderboard.hospitals.services import next_serial, platform_key
from leaderboard.lib import bell
from leaderboard.lib.leases import RELEASED

logger = logging.getLogger(__name__)

AHEAD = 1  # orders beside those that run, so that a GPU finds its next one at once


def orders_send(*, hospital_id: int) -> int:
    """Order as many runs as the hospital has hands for; how many. It has no line of its own that could be unfair.

    Each in a transaction of its own: one that held several evaluations would wait for another hospital's that holds
    them the other way round.
    """
    sent = 0
    while Run.objects.filter(hospital=hospital_id, state=State.QUEUED).exists() and order_next(hospital_id):
        sent += 1
    return sent


@transaction.atomic
def order_next(hospital_id: int) -> bool:
    """Whoever has a run waits for the hospital's row; so who has that waits for no run, and passes over held ones."""
    enrolment = open_enrolments().select_for_update(of=("self",)).filter(hospital=hospital_id).first()
    if enrolment is None or not enrolment.hospital.active:
        return False
    out = Run.objects.filter(hospital=hospital_id, order_token__isnull=False).count()
    passed = list[int]()
    while out < enrolment.slots + AHEAD:
        line = in_line(hospital_id).exclude(pk__in=passed).select_for_update(of=("self",), skip_locked=True)
        run = line.select_related("evaluation__submission__benchmark", "cohort").first()
        if run is None:
            break
        if may_go(run, enrolment):
            order_run(run, enrolment)
            return True
        passed.append(run.pk)
    return False


def open_enrolments() -> QuerySet[Enrolment]:
    joined = Enrolment.objects.exclude(public_key="").filter(revoked_at__isnull=True)
    return joined.select_related("hospital").order_by("pk")


def may_go(run: Run, enrolment: Enrolment) -> bool:
    """Whether the hospital could run it now; if not, the run says why and stays in line."""
    submission = run.evaluation.submission
    benchmark = submission.benchmark
    large = [gpu for gpu in enrolment.gpus if gpu.get("memory_bytes", 0) >= benchmark.gpu_memory_bytes]
    reason = ""
    if benchmark.gpus and not large:
        reason = "It needs a GPU, and this hospital's worker has none that is large enough."
    elif settings.REGISTRY_URL and not submission.reference:
        reason = "Its image is being brought to the registry that the hospital fetches from."
    if reason:
        Run.objects.filter(pk=run.pk, state=State.QUEUED).update(reason=reason)
    return not reason


def order_run(run: Run, enrolment: Enrolment) -> None:
    token, now = uuid4(), timezone.now()
    waiting = Run.objects.filter(pk=run.pk, state=State.QUEUED)
    claimed = waiting.update(
        state=State.WAITING,
        state_since=now,
        order_token=token,
        ordered_at=now,
        attempt=F("attempt") + 1,
        cases_done=0,
        heard_serial=0,
        reason="",
    )
    if claimed:
        run.refresh_from_db(fields=["attempt", "order_token"])
        send(enrolment, run_order(run))
        logger.info("run %s ordered at hospital %s", run.pk, enrolment.hospital.slug)
        evaluation_settle(run.evaluation_id)


def run_order(run: Run) -> RunOrder:
    submission = run.evaluation.submission
    benchmark = submission.benchmark
    return RunOrder(
        run=run.pk,
        attempt=run.attempt,
        lease=str(run.order_token),
        submission=submission_record(run),
        reference=submission.reference,
        fingerprint=run.cohort.fingerprint,
        allowed=Allowed(
            memory_bytes=benchmark.memory_bytes,
            case_seconds=float(benchmark.case_limit_seconds),
            gpus=benchmark.gpus,
            gpu_memory_bytes=benchmark.gpu_memory_bytes,
        ),
    )


def send(enrolment: Enrolment, order: Order) -> None:
    """Within a transaction."""
    slug = enrolment.hospital.slug
    text = seal(order, hospital=slug, serial=next_serial(enrolment), key=platform_key())
    bell.order(slug, text.decode())


def cancel_send(*, hospital_id: int, run_pk: int, token: UUID | str, reason: str) -> None:
    """Tell the hospital to stop it, or not to begin."""
    enrolment = open_enrolments().filter(hospital=hospital_id).first()
    if enrolment is not None:
        send(enrolment, CancelOrder(run=run_pk, lease=str(token), reason=reason))


def nulls_order(row: NullResult) -> None:
    """Ask for the null submissions; within a transaction."""
    enrolment = open_enrolments().filter(hospital=row.cohort.hospital_id).first()
    if enrolment is None:
        return
    if row.order_token is None:
        row.order_token = uuid4()
        row.save(update_fields=["order_token"])
    organ = row.benchmark.organ
    send(enrolment, NullsOrder(lease=str(row.order_token), fingerprint=row.cohort.fingerprint, organ=organ))


def orders_reconcile() -> None:
    """What a message lost: orders that the hospital does not hold, runs that go on after they were cancelled, bells."""
    before = timezone.now() - timedelta(seconds=settings.ORDER_AGAIN_SECONDS)
    ordered = Run.objects.filter(order_token__isnull=False, ordered_at__lt=before)
    late = set(ordered.order_by().values_list("hospital", flat=True).distinct())
    in_lines = Run.objects.filter(state=State.QUEUED).order_by()
    waiting = set(in_lines.values_list("hospital", flat=True).distinct())
    for enrolment in open_enrolments().filter(hospital__active=True, hospital__in=late | waiting):
        if enrolment.hospital_id in late:
            orders_send_again(enrolment, ordered.filter(hospital=enrolment.hospital_id))
        orders_send(hospital_id=enrolment.hospital_id)


@transaction.atomic
def orders_send_again(enrolment: Enrolment, ordered: QuerySet[Run]) -> None:
    held = ordered.select_for_update(of=("self",), skip_locked=True)
    for run in held.select_related("evaluation__submission__benchmark", "cohort"):
        if run.cancel_requested:
            cancel_send(hospital_id=run.hospital_id, run_pk=run.pk, token=str(run.order_token), reason="Cancelled.")
        elif run.state == State.WAITING and says_that_it_lacks(enrolment, run):
            send(enrolment, run_order(run))
        else:
            continue
        Run.objects.filter(pk=run.pk).update(ordered_at=timezone.now())


def says_that_it_lacks(enrolment: Enrolment, run: Run) -> bool:
    """It was heard of since the order, and did not name it among those it holds."""
    heard = enrolment.last_seen is not None and run.ordered_at is not None and enrolment.last_seen > run.ordered_at
    return heard and str(run.order_token) not in enrolment.holds


@transaction.atomic
def silent_give_up() -> set[int]:
    """Runs whose hospital fell silent wait for it, with their order; it costs no attempt. Gives their evaluations."""
    now = timezone.now()
    lost = Run.objects.filter(state__in=Run.HELD, order_token__isnull=False, lease_until__lt=now)
    touched = set(lost.values_list("evaluation_id", flat=True))
    asked = lost.filter(cancel_requested=True)
    asked.update(state=State.CANCELLED, state_since=now, finished=now, cancel_requested=False, **CANCELLED, **FREE)
    reason = "Nothing is heard of the hospital; it goes on when it is."
    number = lost.update(state=State.WAITING, state_since=now, reason=reason, **RELEASED)
    if number:
        logger.warning("%d runs wait for hospitals that fell silent", number)
    return touched


@transaction.atomic
def orders_take_back(*, hospital_id: int, reason: str, only: Q | None = None) -> None:
    """What a hospital was ordered to do, or some of it, is in line again, at no attempt's cost."""
    now = timezone.now()
    rows = Run.objects.select_for_update(of=("self",)).filter(only or Q(), hospital=hospital_id)
    found = list(rows.filter(order_token__isnull=False))
    for run in found:
        cancel_send(hospital_id=hospital_id, run_pk=run.pk, token=str(run.order_token), reason=reason)
    ordered = Run.objects.filter(pk__in=[run.pk for run in found], order_token__isnull=False)
    touched = {run.evaluation_id for run in found}
    asked = ordered.filter(cancel_requested=True)
    asked.update(state=State.CANCELLED, state_since=now, finished=now, cancel_requested=False, **CANCELLED, **FREE)
    back = {"attempt": F("attempt") - 1, "cases_done": 0, "reason": reason}
    ordered.update(state=State.WAITING, state_since=now, **back, **FREE)
    for evaluation_id in sorted(touched):
        evaluation_settle(evaluation_id)
