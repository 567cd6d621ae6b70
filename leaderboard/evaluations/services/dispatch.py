"""Putting runs in line, taking them out, and putting them back."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.services.line import EXECUTE, place, ring
from leaderboard.evaluations.services.operating_point import declared
from leaderboard.evaluations.services.settle import evaluation_settle
from leaderboard.hospitals.models import Hospital
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
    calibration = list(benchmark.calibration.select_related("hospital"))
    begin = {} if calibration else declared(submission)
    evaluation, made = Evaluation.objects.get_or_create(submission=submission, defaults=begin)
    if made:
        for cohort in (*calibration, *benchmark.cohorts.select_related("hospital")):
            run = Run(
                evaluation=evaluation,
                hospital=cohort.hospital,
                cohort=cohort,
                calibrates=cohort in calibration,
                cases_total=cohort.cases.count(),
            )
            run.state = place(run)
            run.full_clean()
            run.save()
            ring(run)
        logger.info("evaluation %s of submission %s put in line", evaluation.pk, submission.pk)
    return evaluation


@transaction.atomic
def run_cancel(*, run: Run, by: User | None) -> Run:
    """A run in line is cancelled at once; one that a worker holds is asked to stop, and its container is removed.

    Raises
    ------
    Refusal
        It has ended.
    """
    now = timezone.now()
    rows = Run.objects.filter(pk=run.pk)
    changes = {"state_since": now, "finished": now, "failure": "cancelled", "fault": "nobody", "reason": "Cancelled."}
    in_line = rows.filter(state__in=Run.IN_LINE).update(state=State.CANCELLED, **changes)
    if not in_line and not rows.filter(state__in=Run.HELD).update(cancel_requested=True):
        raise Refusal("This run cannot be cancelled.", why="It has ended.")
    logger.info("run %s: cancel asked by user %s", run.pk, by and by.pk)
    evaluation_settle(run.evaluation_id)
    record("run.cancelled", f"run {run.pk}", by=by.pk if by else None)
    run.refresh_from_db()
    return run


@transaction.atomic
def run_requeue(*, run: Run, by: User | None) -> Run:
    """Put a failed or cancelled run in line again, with its attempts counted anew.

    Raises
    ------
    Refusal
        The run is done or still open, or its submission was withdrawn.
    """
    if run.evaluation.submission.state != Submission.State.ACCEPTED:
        raise Refusal("This run cannot be put in line again.", why="Its submission was withdrawn.")
    ended = Run.objects.filter(pk=run.pk, state__in=(State.FAILED, State.CANCELLED))
    changed = ended.update(
        state=place(run),
        state_since=timezone.now(),
        attempt=0,
        cases_done=0,
        next_attempt_at=None,
        ring_at=next_ring(),
        cancel_requested=False,
        failure="",
        fault="",
        reason="",
        next_step="",
        finished=None,
    )
    if not changed:
        raise Refusal("This run cannot be put in line again.", why="It is done, or has not ended yet.")
    logger.info("run %s put in line again by user %s", run.pk, by and by.pk)
    run.refresh_from_db()
    ring(run)
    evaluation_settle(run.evaluation_id)
    record("run.requeued", f"run {run.pk}", by=by.pk if by else None)
    return run


@transaction.atomic
def evaluation_cancel(*, evaluation: Evaluation, by: User | None) -> Evaluation:
    """Cancel every run that has not ended."""
    for run in evaluation.runs.filter(state__in=Run.OPEN).select_for_update():
        run_cancel(run=run, by=by)
    evaluation.refresh_from_db()
    return evaluation


def withdrawn_cancel(*, submission_id: UUID) -> None:
    """A submission that was taken back needs no more runs."""
    evaluation = Evaluation.objects.filter(submission=submission_id).first()
    if evaluation is not None:
        evaluation_cancel(evaluation=evaluation, by=None)


@transaction.atomic
def hospital_runs_update(*, hospital_id: int) -> None:
    """After a hospital was switched: its line waits, or moves again. What is running there notices by itself."""
    hospital = Hospital.objects.get(pk=hospital_id)
    waits, moves = State.WAITING.value, State.QUEUED.value
    before, after = (waits, moves) if hospital.active else (moves, waits)
    now = timezone.now()
    line = Run.objects.filter(hospital=hospital, state=before)
    moved = list(line.values_list("pk", flat=True))
    line.update(state=after, state_since=now, ring_at=next_ring())
    if hospital.active:
        for pk in moved:
            bell.ring(EXECUTE, pk, queue=hospital.queue)
