"""How a run ends, and what that makes of its evaluation. An ending counts only for the worker that holds the run."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from evaluator.errors import FailureClass, Fault
from leaderboard.audit.services import record
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.services.audit import run_audited
from leaderboard.evaluations.services.line import is_refused
from leaderboard.evaluations.services.operating_point import operating_point_lock
from leaderboard.evaluations.services.results import result_keep
from leaderboard.evaluations.signals import evaluation_done, evaluation_failed
from leaderboard.lib.leases import RELEASED, next_ring, retry_at
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)

State = Run.State
FREE: dict[str, Any] = {**RELEASED, "order_token": None}
CANCELLED = {"failure": FailureClass.CANCELLED.value, "fault": Fault.NOBODY.value, "reason": "Cancelled."}
REFUSED = {
    "failure": FailureClass.HOSPITAL_REFUSED.value,
    "fault": FailureClass.HOSPITAL_REFUSED.fault.value,
    "reason": "A data steward of the hospital refused this submission.",
    "next_step": "",
}
CLEAN: dict[str, Any] = {"failure": "", "fault": "", "reason": "", "next_step": "", "next_attempt_at": None}


def _end(run: Run, token: UUID, **changes: object) -> bool:
    """For the worker that holds it, or the hospital that was ordered to do it and has fallen silent since."""
    leased = Q(lease_token=token, state__in=Run.HELD)
    ordered = Q(order_token=token, state__in=(State.WAITING, *Run.HELD))
    return bool(Run.objects.filter(leased | ordered, pk=run.pk).update(state_since=timezone.now(), **FREE, **changes))


@transaction.atomic
def run_done(run: Run, token: UUID, *, payload: dict[str, Any], peak_memory_bytes: int | None) -> bool:
    """Keep the cohort result, once: the lease says whose it may be, the database that there is only one.

    What arrives after the hospital has refused the submission is not kept.
    """
    changes = {"peak_memory_bytes": peak_memory_bytes, "finished": timezone.now()}
    Run.objects.select_for_update().get(pk=run.pk)  # a refusal that takes it out is over, or has not begun
    if is_refused(run):
        run_stopped(run, token, state=State.FAILED, reason=REFUSED["reason"])
        return False
    if not _end(run, token, state=State.DONE, cancel_requested=False, **CLEAN, **changes):
        logger.warning("run %s: result of a lost lease %s dropped", run.pk, token)
        return False
    result = result_keep(run=run, payload=payload)
    logger.info("run %s done", run.pk)
    run_audited(run, result)
    if run.calibrates:
        operating_point_lock(evaluation_id=run.evaluation_id)
    evaluation_settle(run.evaluation_id)
    record("run.done", f"run {run.pk}", result=result.sha256)
    return True


@transaction.atomic
def run_failed(run: Run, token: UUID, *, failure: FailureClass, reason: str, next_step: str = "") -> None:
    """The platform's and the hospital's faults are tried again, later each time; the submission's are not."""
    told = {"failure": failure.value, "fault": failure.fault.value, "reason": reason}
    if is_tried_again(run, failure):
        when = retry_at(run.attempt)
        again = f"Tried again after {when:%H:%M:%S} UTC; attempt {run.attempt} of {settings.MAX_ATTEMPTS} failed."
        _end(run, token, state=State.QUEUED, cases_done=0, next_attempt_at=when, ring_at=when, next_step=again, **told)
    else:
        _end(run, token, state=State.FAILED, finished=timezone.now(), next_step=next_step, **told)
    logger.warning("run %s: attempt %d failed: %s, %s", run.pk, run.attempt, failure.value, reason)
    evaluation_settle(run.evaluation_id)


def run_waits(run: Run, token: UUID, *, reason: str) -> None:
    """It could not begin, through nobody's fault of it: back in line after a while, which costs no attempt."""
    when = retry_at(1)
    told = {"reason": reason, "next_attempt_at": when, "ring_at": when}
    _end(run, token, state=State.QUEUED, attempt=run.attempt - 1, cases_done=0, **told)
    evaluation_settle(run.evaluation_id)


def is_tried_again(run: Run, failure: FailureClass) -> bool:
    return failure.fault in (Fault.PLATFORM, Fault.HOSPITAL) and run.attempt < settings.MAX_ATTEMPTS


def cancelled_state(run: Run) -> str:
    """What a run that was stopped for good is: withdrawn with its submission, else cancelled."""
    withdrawn = run.evaluation.submission.state == Submission.State.WITHDRAWN
    return State.WITHDRAWN if withdrawn else State.CANCELLED


@transaction.atomic
def run_stopped(run: Run, token: UUID, *, state: str, reason: str) -> None:
    """Stopped on purpose: cancelled or refused for good, or waiting for its hospital, which costs no attempt."""
    told: dict[str, Any]
    if is_refused(run):
        state, told = State.FAILED, {**REFUSED, "finished": timezone.now()}
    elif state == State.CANCELLED:
        state = cancelled_state(run)
        told = {**CANCELLED, "finished": timezone.now()}
    else:
        told = {"attempt": run.attempt - 1, "cases_done": 0, "ring_at": next_ring(), "reason": reason}
    _end(run, token, state=state, cancel_requested=False, **told)
    logger.info("run %s stopped: %s", run.pk, reason)
    evaluation_settle(run.evaluation_id)


@transaction.atomic
def evaluation_settle(evaluation_id: int) -> None:
    """Give the evaluation the state that follows from its runs, sealed ones aside; tell those above when it is done."""
    evaluation = Evaluation.objects.select_for_update(of=("self",)).select_related("submission").get(pk=evaluation_id)
    runs = evaluation.runs.filter(sealed=False).order_by().values_list("state", "calibrates").distinct()
    state = follows_from(set(runs))
    if state == Evaluation.State.CANCELLED and evaluation.submission.state == Submission.State.WITHDRAWN:
        state = Evaluation.State.WITHDRAWN
    if state == evaluation.state:
        return
    evaluation.state = state
    evaluation.state_since = timezone.now()
    evaluation.noticed_at = None
    evaluation.save(update_fields=["state", "state_since", "noticed_at"])
    logger.info("evaluation %s is %s", evaluation.pk, state)
    if state == Evaluation.State.DONE:
        benchmark_id = evaluation.submission.benchmark_id
        evaluation_done.send(sender=Evaluation, evaluation_id=evaluation.pk, benchmark_id=benchmark_id)
    elif state == Evaluation.State.FAILED:
        evaluation_failed.send(sender=Evaluation, evaluation_id=evaluation.pk)


def follows_from(runs: set[tuple[str, bool]]) -> str:
    """Open while any run is open; done when all are; else failed if any is, else cancelled.

    A run that waits for a calibration that has failed waits for nothing: it is not open.
    """
    states = {state for state, _ in runs}
    if {(State.FAILED, True), (State.CANCELLED, True), (State.WITHDRAWN, True)} & runs:
        states.discard(State.CALIBRATION)
    if states & set(Run.OPEN):
        untouched = states <= set(Run.IN_LINE)
        return Evaluation.State.QUEUED if untouched else Evaluation.State.RUNNING
    if states == {State.DONE}:
        return Evaluation.State.DONE
    return Evaluation.State.FAILED if State.FAILED in states else Evaluation.State.CANCELLED
