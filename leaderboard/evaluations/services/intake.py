"""What hospitals' machines report. Who speaks is known from the queue and the key, never from what is said.

A broker may deliver twice, late or in another order: a report counts only for the order that it names, while that order
is open, and a result only once.
"""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evaluator import wire
from evaluator.errors import FailureClass, MessageRefused
from evaluator.results import to_builtins
from leaderboard.evaluations.models import CohortResult, NullResult, Run
from leaderboard.evaluations.services import as_ordered, nulls, orders, settle
from leaderboard.evaluations.services.line import APPROVAL
from leaderboard.evaluations.services.received import received_keep
from leaderboard.hospitals.models import Enrolment
from leaderboard.hospitals.services import alert_raise, hospital_joined, offer_keep, presence_keep
from leaderboard.lib.files import json_digest
from leaderboard.lib.leases import RELEASED, lease_from_now

logger = logging.getLogger(__name__)

State = Run.State
Stage = wire.Stage
WAITS = {
    Stage.APPROVAL: APPROVAL,
    Stage.WAITING: "It is in line at the hospital.",
}
HELD = {Stage.FETCHING: State.FETCHING, Stage.RUNNING: State.RUNNING, Stage.SCORING: State.SCORING}


def report_take(*, slug: str, data: bytes) -> None:
    """Take one report that came by the queue of this hospital. What must not be is an alert, never an exception."""
    enrolment = Enrolment.objects.select_related("hospital").filter(hospital__slug=slug).first()
    if enrolment is None:
        logger.error("a report by the queue of %r, which is not enrolled", slug)
        return
    if enrolment.revoked_at is not None:
        alert_raise(hospital=enrolment.hospital, kind="refused", said="It sent a report after it was revoked.")
        return
    try:
        key = wire.PublicKey(enrolment.public_key) if enrolment.public_key else None
        opened = wire.open_report(data, hospital=slug, key=key)
        taken = take(enrolment, opened)
        received_keep(hospital=enrolment.hospital, opened=opened, data=data, taken=taken)
    except MessageRefused as refused:
        alert_raise(hospital=enrolment.hospital, kind="refused", said=str(refused))


def take(enrolment: Enrolment, opened: wire.Opened[wire.Report]) -> bool:
    """Whether anything follows from it: what is over, or cannot be, is only named."""
    said = opened.message
    taken = True
    if isinstance(said, wire.Joined):
        taken = hospital_joined(enrolment=enrolment, joined=said)
    elif isinstance(said, wire.Presence):
        presence_keep(enrolment=enrolment, said=said, serial=opened.serial)
        orders.orders_send(hospital_id=enrolment.hospital_id)
    elif isinstance(said, wire.CohortOffer):
        taken = offer_keep(enrolment=enrolment, offered=said)
    elif isinstance(said, wire.NullsDone):
        taken = nulls_done(enrolment, said)
    elif isinstance(said, wire.Failed) and not said.run:
        nulls_failed(enrolment, said)
    else:
        taken = about_run(enrolment, said, opened.serial)
    return taken


def about_run(enrolment: Enrolment, said: wire.Progress | wire.Done | wire.Failed | wire.Ended, serial: int) -> bool:
    token = lease_of(said.lease)
    with transaction.atomic():
        runs = Run.objects.select_for_update(of=("self",)).select_related(
            "evaluation__submission", "cohort", "hospital"
        )
        run = runs.filter(pk=said.run, hospital=enrolment.hospital).first()
        is_open = run is not None and run.order_token == token
        if run is None or not is_open:
            pass  # see below: with the run's lock nobody waits for the hospital's
        elif isinstance(said, wire.Progress):
            progress(run, said, serial)
        elif isinstance(said, wire.Done):
            done(run, token, said)
        elif isinstance(said, wire.Failed):
            failed(run, token, said)
        else:
            ended(run, token)
    if not is_open:
        over(enrolment, run, said)
    if not isinstance(said, wire.Progress):
        orders.orders_send(hospital_id=enrolment.hospital_id)
    return is_open


@transaction.atomic
def over(enrolment: Enrolment, run: Run | None, said: wire.Progress | wire.Done | wire.Failed | wire.Ended) -> None:
    """About an order that is none any more. Who still works on it is told to stop; a result is an alert."""
    if isinstance(said, wire.Progress):
        orders.cancel_send(
            hospital_id=enrolment.hospital_id,
            run_pk=said.run,
            token=said.lease,
            reason="The platform has no such order.",
        )
    elif isinstance(said, wire.Done):
        kept = CohortResult.objects.filter(run=run).values_list("sha256", flat=True).first() if run else None
        same = kept is not None and run is not None and kept == json_digest(payload_of(run, said))
        kind = "repeated" if same else "stale"
        text = (
            "The same result came again; it counts once. A connection that broke while it was sent explains it."
            if same
            else "A result came for an order that is not open: it had ended, was cancelled, or was never given."
        )
        alert_raise(hospital=enrolment.hospital, kind=kind, about=f"run {said.run}", said=text)
    else:
        logger.info("run %s: hospital %s reports on an order that is over", said.run, enrolment.hospital.slug)


def progress(run: Run, said: wire.Progress, serial: int) -> None:
    if serial <= run.heard_serial:
        return  # overtaken on its way
    now = timezone.now()
    changes: dict[str, Any] = {"heard_serial": serial, "heartbeat": now, "worker": run.hospital.slug}
    if said.stage in WAITS:
        state = State.WAITING
        changes |= {**RELEASED, "reason": WAITS[said.stage]}
    else:
        state = HELD[said.stage]
        changes |= {
            "lease_token": run.order_token,
            "lease_until": lease_from_now(settings.HOSPITAL_LEASE_SECONDS),
            "cases_done": said.cases_done,
            "cases_total": said.cases_total or run.cases_total,
            "seconds_per_case": said.seconds_per_case,
            "reason": "",
            "started": run.started or now,
        }
    if state != run.state:
        changes["state_since"] = now
    Run.objects.filter(pk=run.pk, order_token=run.order_token).update(state=state, **changes)
    if state != run.state:
        settle.evaluation_settle(run.evaluation_id)


def payload_of(run: Run, said: wire.Done) -> dict[str, Any]:
    """As it is kept: with the hospital called as the platform calls it."""
    payload: dict[str, Any] = to_builtins(as_ordered.as_results(run, said.results.cohorts[0]))
    return payload


def done(run: Run, token: UUID, said: wire.Done) -> None:
    if found := list(as_ordered.faults(run, said.results)):
        refuse(run, token, " ".join(found))
        return
    [cohort] = said.results.cohorts
    if any(case.failure is not None and case.failure.fault != "submission" for case in cohort.cases):
        refuse(run, token, "Cases failed by another fault than the submission's, and would have to be tried again.")
        return
    if said.gpu is not None:
        Run.objects.filter(pk=run.pk).update(gpu=to_builtins(said.gpu))
    settle.run_done(run, token, payload=payload_of(run, said), peak_memory_bytes=cohort.peak_memory_bytes)


def refuse(run: Run, token: UUID, why: str) -> None:
    """Nothing of it is kept; the run is tried again as for any fault of a hospital."""
    alert_raise(hospital=run.hospital, kind="result", about=f"run {run.pk}", said=why)
    refused = FailureClass.HOSPITAL_REFUSED
    settle.run_failed(run, token, failure=refused, reason=f"The platform refused the hospital's results. {why}")


def failed(run: Run, token: UUID, said: wire.Failed) -> None:
    if said.failure is FailureClass.COHORT_CHANGED:
        text = "Its scans or references are not those that were frozen; nothing was run."
        alert_raise(hospital=run.hospital, kind="cohort", about=run.cohort.fingerprint, said=text)
    settle.run_failed(run, token, failure=said.failure, reason=said.reason, next_step=said.next_step)


def ended(run: Run, token: UUID) -> None:
    """It stopped. If nobody asked for that, it is in line again at no attempt's cost."""
    state = State.CANCELLED if run.cancel_requested else State.QUEUED
    settle.run_stopped(run, token, state=state, reason="The hospital's worker stopped it.")


def nulls_done(enrolment: Enrolment, said: wire.NullsDone) -> bool:
    rows = NullResult.objects.select_related("cohort", "benchmark").filter(cohort__hospital=enrolment.hospital)
    row = rows.filter(order_token=lease_of(said.lease), computed_at__isnull=True).first()
    if row is None:
        logger.info("null submissions of hospital %s came for an order that is over", enrolment.hospital.slug)
        return False
    for found in said.results.values():
        if [cohort.fingerprint for cohort in found.cohorts] != [row.cohort.fingerprint]:
            raise MessageRefused("Its null submissions are of another cohort than was ordered.")
    nulls.keep(row, {kind: to_builtins(found) for kind, found in said.results.items()})
    return True


def nulls_failed(enrolment: Enrolment, said: wire.Failed) -> None:
    """They are asked for again, as those that got lost are."""
    rows = NullResult.objects.filter(cohort__hospital=enrolment.hospital, computed_at__isnull=True)
    rows.filter(order_token=lease_of(said.lease)).update(reason=said.reason, order_token=None)


def lease_of(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise MessageRefused("A report names no lease.", why=f"{text[:60]!r} is none.") from error
