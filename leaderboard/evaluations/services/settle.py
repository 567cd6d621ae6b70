"""How a run ends, and what that makes of its evaluation. An ending counts only for the worker that holds the run."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from evaluator import results as wire
from evaluator.errors import FailureClass, Fault
from evaluator.statistics.sameness import sameness
from leaderboard.audit.services import record
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.evaluations.services.audit import run_audited
from leaderboard.evaluations.services.operating_point import operating_point_lock
from leaderboard.evaluations.signals import evaluation_done
from leaderboard.lib.files import json_digest
from leaderboard.lib.leases import RELEASED, next_ring, retry_at

logger = logging.getLogger(__name__)

State = Run.State
CLEAN: dict[str, Any] = {"failure": "", "fault": "", "reason": "", "next_step": "", "next_attempt_at": None}


def _end(run: Run, token: UUID, **changes: object) -> bool:
    held = Run.objects.filter(pk=run.pk, lease_token=token, state__in=Run.HELD)
    return bool(held.update(state_since=timezone.now(), **RELEASED, **changes))


@transaction.atomic
def run_done(run: Run, token: UUID, *, payload: dict[str, Any], peak_memory_bytes: int | None) -> bool:
    """Keep the cohort result, once: the lease says whose it may be, the database that there is only one."""
    changes = {"peak_memory_bytes": peak_memory_bytes, "finished": timezone.now()}
    if not _end(run, token, state=State.DONE, cancel_requested=False, **CLEAN, **changes):
        logger.warning("run %s: result of a lost lease %s dropped", run.pk, token)
        return False
    digest = json_digest(payload)
    alike = sameness(msgspec.convert(payload, wire.Results).cohorts[0])
    CohortResult.objects.create(
        run=run, payload=payload, sha256=digest, constant=alike.constant, answers_sha256=alike.digest
    )
    logger.info("run %s done", run.pk)
    run_audited(run, payload)
    if run.calibrates:
        operating_point_lock(evaluation_id=run.evaluation_id)
    evaluation_settle(run.evaluation_id)
    record("run.done", f"run {run.pk}", result=digest)
    return True


@transaction.atomic
def run_failed(run: Run, token: UUID, *, failure: FailureClass, reason: str, next_step: str = "") -> None:
    """The platform's and the hospital's faults are tried again, later each time; the submission's are not."""
    told = {"failure": failure.value, "fault": failure.fault.value, "reason": reason}
    if failure.fault in (Fault.PLATFORM, Fault.HOSPITAL) and run.attempt < settings.MAX_ATTEMPTS:
        when = retry_at(run.attempt)
        again = f"Tried again after {when:%H:%M:%S} UTC; attempt {run.attempt} of {settings.MAX_ATTEMPTS} failed."
        _end(run, token, state=State.QUEUED, cases_done=0, next_attempt_at=when, ring_at=when, next_step=again, **told)
    else:
        _end(run, token, state=State.FAILED, finished=timezone.now(), next_step=next_step, **told)
    logger.warning("run %s: attempt %d failed: %s, %s", run.pk, run.attempt, failure.value, reason)
    evaluation_settle(run.evaluation_id)


@transaction.atomic
def run_stopped(run: Run, token: UUID, *, state: str, reason: str) -> None:
    """Stopped on purpose: cancelled for good, or waiting for its hospital, which costs no attempt."""
    if state == State.CANCELLED:
        told = {"failure": FailureClass.CANCELLED.value, "fault": Fault.NOBODY.value, "finished": timezone.now()}
    else:
        told = {"attempt": run.attempt - 1, "cases_done": 0, "ring_at": next_ring()}
    _end(run, token, state=state, cancel_requested=False, reason=reason, **told)
    logger.info("run %s stopped: %s", run.pk, reason)
    evaluation_settle(run.evaluation_id)


@transaction.atomic
def evaluation_settle(evaluation_id: int) -> None:
    """Give the evaluation the state that follows from its runs, sealed ones aside; tell those above when it is done."""
    evaluation = Evaluation.objects.select_for_update().get(pk=evaluation_id)
    state = follows_from(set(evaluation.runs.filter(sealed=False).values_list("state", "calibrates")))
    if state == evaluation.state:
        return
    evaluation.state = state
    evaluation.state_since = timezone.now()
    evaluation.save(update_fields=["state", "state_since"])
    logger.info("evaluation %s is %s", evaluation.pk, state)
    if state == Evaluation.State.DONE:
        benchmark_id = evaluation.submission.benchmark_id
        evaluation_done.send(sender=Evaluation, evaluation_id=evaluation.pk, benchmark_id=benchmark_id)


def follows_from(runs: set[tuple[str, bool]]) -> str:
    """Open while any run is open; done when all are; else failed if any is, else cancelled.

    A run that waits for a calibration that has failed waits for nothing: it is not open.
    """
    states = {state for state, _ in runs}
    if {(State.FAILED, True), (State.CANCELLED, True)} & runs:
        states.discard(State.CALIBRATION)
    if states & set(Run.OPEN):
        untouched = states <= set(Run.IN_LINE)
        return Evaluation.State.QUEUED if untouched else Evaluation.State.RUNNING
    if states == {State.DONE}:
        return Evaluation.State.DONE
    return Evaluation.State.FAILED if State.FAILED in states else Evaluation.State.CANCELLED
