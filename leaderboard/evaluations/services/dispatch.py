"""Putting runs in line, taking them out, and putting them back."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Manager, Q, QuerySet
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.services import watch
from leaderboard.evaluations.services.approval import approval_ask
from leaderboard.evaluations.services.line import APPROVAL, ORDERS, is_refused, line_update, may_run, ring, take_place
from leaderboard.evaluations.services.operating_point import declared
from leaderboard.evaluations.services.orders import cancel_send, orders_take_back
from leaderboard.evaluations.services.settle import CANCELLED, FREE, cancelled_state, evaluation_settle
from leaderboard.hospitals.models import Cohort, Hospital
from leaderboard.lib import bell
from leaderboard.lib.errors import Refusal
from leaderboard.lib.leases import next_ring
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)

State = Run.State


@transaction.atomic
def evaluation_create(*, submission_id: UUID) -> Evaluation:
    """The evaluation of an accepted submission, with a run for each cohort; once, however often asked.

    Where the benchmark has calibration patients they come first; else the submission's own threshold is frozen here.
    """
    submission = Submission.objects.select_for_update().get(pk=submission_id)
    if submission.state != Submission.State.ACCEPTED:
        raise Refusal(f"“{submission.model}” is not accepted.", why=f"It is {submission.get_state_display()}.")
    benchmark = submission.benchmark
    calibration = list(panel(benchmark.calibration))
    begin = {} if calibration else declared(submission)
    evaluation, made = Evaluation.objects.get_or_create(submission=submission, defaults=begin)
    if made:
        cohorts = (*calibration, *panel(benchmark.cohorts))
        runs = Run.objects.bulk_create(
            new_run(evaluation, cohort, calibrates=cohort in calibration) for cohort in cohorts
        )
        for run in runs:
            ring(run)
        approval_ask(submission, runs)
        logger.info("evaluation %s of submission %s put in line", evaluation.pk, submission.pk)
    return evaluation


def panel(cohorts: Manager[Cohort]) -> QuerySet[Cohort]:
    """With all that a run is made of, in one query: there may be hundreds of hospitals."""
    return cohorts.select_related("hospital__enrolment").annotate(number=Count("cases"))


def new_run(evaluation: Evaluation, cohort: Any, *, calibrates: bool) -> Run:
    run = Run(
        evaluation=evaluation,
        hospital=cohort.hospital,
        cohort=cohort,
        calibrates=calibrates,
        cases_total=cohort.number,
    )
    take_place(run)
    return run


@transaction.atomic
def run_cancel(*, run: Run, by: User | None) -> Run:
    """A run in line is cancelled at once; one that a worker holds is asked to stop, and its container is removed.

    A hospital that was ordered to do it is told not to begin, or to stop.

    Raises
    ------
    Refusal
        It has ended.
    """
    _take_out(run, by)
    evaluation_settle(run.evaluation_id)
    record("run.cancelled", f"run {run.pk}", by=by.pk if by else None)
    run.refresh_from_db()
    return run


def _take_out(run: Run, by: User | None) -> None:
    now = timezone.now()
    rows = Run.objects.filter(pk=run.pk)
    ended = {"state": cancelled_state(run), "state_since": now, "finished": now, **CANCELLED, **FREE}
    token = rows.values_list("order_token", flat=True).get()
    held = rows.filter(state__in=Run.HELD)
    if not rows.filter(state__in=Run.IN_LINE).update(**ended) and not held.update(cancel_requested=True):
        raise Refusal("This run cannot be cancelled.", why="It has ended.")
    if token is not None:
        cancel_send(hospital_id=run.hospital_id, run_pk=run.pk, token=token, reason="Cancelled.")
    logger.info("run %s: cancel asked by user %s", run.pk, by and by.pk)


@transaction.atomic
def run_requeue(*, run: Run, by: User | None) -> Run:
    """Put a failed or cancelled run in line again, with its attempts counted anew.

    Raises
    ------
    Refusal
        The run is done or still open, or its submission was withdrawn or refused by the hospital.
    """
    if run.evaluation.submission.state != Submission.State.ACCEPTED:
        raise Refusal("This run cannot be put in line again.", why="Its submission was withdrawn.")
    if is_refused(run):
        raise Refusal(
            "This run cannot be put in line again.",
            why=f"A data steward of {run.hospital} refused this submission.",
            next_step="Ask them to approve it on their desk.",
        )
    ended = Run.objects.filter(pk=run.pk, state__in=Run.AGAIN)
    take_place(run)
    changed = ended.update(
        state=run.state,
        state_since=timezone.now(),
        attempt=0,
        cases_done=0,
        next_attempt_at=None,
        ring_at=next_ring(),
        cancel_requested=False,
        failure="",
        fault="",
        reason=run.reason,
        next_step="",
        finished=None,
    )
    if not changed:
        raise Refusal("This run cannot be put in line again.", why="It is done, or has not ended yet.")
    logger.info("run %s put in line again by user %s", run.pk, by and by.pk)
    run.refresh_from_db()
    ring(run)
    approval_ask(run.evaluation.submission, [run])
    evaluation_settle(run.evaluation_id)
    record("run.requeued", f"run {run.pk}", by=by.pk if by else None)
    return run


@transaction.atomic
def evaluation_cancel(*, evaluation: Evaluation, by: User | None) -> Evaluation:
    """Cancel every run that has not ended."""
    runs = evaluation.runs.filter(state__in=Run.OPEN).select_related("evaluation__submission")
    open_runs = list(runs.select_for_update(of=("self",)))
    for run in open_runs:
        _take_out(run, by)
    evaluation_settle(evaluation.pk)
    for run in open_runs:
        record("run.cancelled", f"run {run.pk}", by=by.pk if by else None)
    evaluation.refresh_from_db()
    return evaluation


def withdrawn_cancel(*, submission_id: UUID) -> None:
    """A submission that was taken back needs no more runs."""
    evaluation = Evaluation.objects.filter(submission=submission_id).first()
    if evaluation is not None:
        evaluation_cancel(evaluation=evaluation, by=None)


@transaction.atomic
def hospital_runs_update(*, hospital_id: int) -> None:
    """After a hospital was switched, or its approving: its line waits, or moves. What runs notices by itself."""
    hospital = Hospital.objects.get(pk=hospital_id)
    if not hospital.active:
        orders_take_back(hospital_id=hospital_id, reason=watch.SWITCHED_OFF.reason)
    elif hospital.approves:
        orders_take_back(hospital_id=hospital_id, reason=APPROVAL, only=Q(state=State.WAITING) & ~may_run())
    line_update(hospital)


@transaction.atomic
def revoked_runs_update(*, hospital_id: int) -> None:
    """After a hospital's own machine was shut out: what it was ordered to do is in line, for when it joins anew."""
    orders_take_back(hospital_id=hospital_id, reason="The hospital's machine was shut out.")
    line_update(Hospital.objects.get(pk=hospital_id))


def orders_ring(*, hospital_id: int) -> None:
    """A hospital's own machine is there: runs may be waiting for it."""
    bell.ring(ORDERS, hospital_id)
