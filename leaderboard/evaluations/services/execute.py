"""One run, carried out by the worker that claimed it."""

from __future__ import annotations

import logging
from dataclasses import replace
from functools import partial
from uuid import UUID

import numpy as np
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from evaluator import results as wire
from evaluator.cohort import read_cohort
from evaluator.container.archive import load_archive, read_archive
from evaluator.container.engine import ContainerEngine
from evaluator.container.limits import Limits
from evaluator.errors import (
    ClassifiedError,
    CohortChanged,
    CohortRefused,
    EvaluatorError,
    FailureClass,
    Fault,
    PlatformFault,
)
from evaluator.pipeline import run_cohort
from evaluator.records import CohortResult, SubmissionRecord
from evaluator.scoring import DEFAULT_HIT_RULE, SCORER
from evaluator.statistics.operating_point import Status
from leaderboard.evaluations.models import Run
from leaderboard.evaluations.services import settle, watch
from leaderboard.evaluations.services.fitness import fit_engine
from leaderboard.evaluations.services.logs import log_keep
from leaderboard.hospitals.models import Hospital
from leaderboard.lib import files, leases
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)


def run_execute(*, pk: int, engine: ContainerEngine | None = None) -> None:
    """Look at a run: if it is in line, claim it, carry it out, keep what it gave."""
    token = claim(pk)
    if token is None:
        return
    run = Run.objects.select_related("evaluation__submission__benchmark", "hospital", "cohort").get(pk=pk)
    watcher = watch.RunWatcher(run, token)
    try:
        result = carry_out(run, engine, watcher)
        if watcher.stop is None:
            require_answers(result)
            payload = wire.to_builtins(as_results(run, result))
            settle.run_done(run, token, payload=payload, peak_memory_bytes=result.peak_memory_bytes)
    except Exception as error:
        if watcher.stop is None:
            fail(run, token, error)
    if watcher.stop is not None and watcher.stop.state is not None:
        settle.run_stopped(run, token, state=watcher.stop.state, reason=watcher.stop.reason)


@transaction.atomic
def claim(pk: int) -> UUID | None:
    # Every condition that another worker may change is on the run's own row: only there is the update conditional.
    waiting = Run.objects.filter(
        Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=timezone.now()),
        pk=pk,
        state=Run.State.QUEUED,
        hospital__in=Hospital.objects.filter(active=True),
    )
    now = timezone.now()
    token = leases.claim(waiting, state=Run.State.RUNNING, attempt=F("attempt") + 1, started=now, cases_done=0)
    if token is not None:
        evaluation_id = Run.objects.values_list("evaluation_id", flat=True).get(pk=pk)
        settle.evaluation_settle(evaluation_id)
    return token


def carry_out(run: Run, given: ContainerEngine | None, watcher: watch.RunWatcher) -> CohortResult:
    submission = run.evaluation.submission
    benchmark = submission.benchmark
    with leases.kept(Run.objects.filter(pk=run.pk), token=watcher.token):
        engine = given or fit_engine()
        cohort = read_cohort(run.cohort.path)
        ensure_image(submission, engine)
    if cohort.fingerprint != run.cohort.fingerprint:
        raise CohortChanged(
            f"The cohort {run.cohort} is not the one that was frozen.",
            why="Scans or references in its folder were changed.",
            next_step="Restore the folder, or import it as a new version.",
        )
    result = run_cohort(
        engine=engine,
        image=submission.image,
        cohort=cohort,
        contract=submission.contract,
        limits=Limits(memory_bytes=benchmark.memory_bytes, case_seconds=float(benchmark.case_limit_seconds)),
        state=files.data_folder("state"),
        rng=np.random.default_rng(),
        watcher=watcher,
        keep_log=partial(log_keep, run),
    )
    watch.scoring(run, watcher.token, cases=len(result.cases))
    return result


def ensure_image(submission: Submission, engine: ContainerEngine) -> None:
    """Load the archive again on an engine that does not have the image (another machine, or cleaned up)."""
    if engine.inspect_image(submission.image) is not None:
        return
    path = submission.archive_path
    if not path.is_file():
        raise PlatformFault(f"The archive of submission {submission.pk} is gone.")
    load_archive(engine, path, read_archive(path))


def require_answers(result: CohortResult) -> None:
    """A case that failed by our fault or the hospital's is tried again with its run, never scored."""
    for case in result.cases:
        if case.failure is not None and case.failure.fault is not Fault.SUBMISSION:
            raise PlatformFault(case.reason or "A case could not be run.", failure=case.failure)


def as_results(run: Run, result: CohortResult) -> wire.Results:
    evaluation, submission = run.evaluation, run.evaluation.submission
    frozen = evaluation.operating_point or {}  # of calibration patients nothing is flagged: the threshold comes of them
    return wire.Results(
        schema=wire.SCHEMA,
        scorer=SCORER,
        hit_rule=DEFAULT_HIT_RULE,
        submission=SubmissionRecord(
            model=submission.model,
            image=submission.image,
            contract=submission.contract,
            threshold=frozen.get("threshold", submission.threshold),
            locked=frozen.get("status", Status.EXPLORATORY),
            declared_prevalence=submission.declared_prevalence,
            trained_on=tuple(submission.trained_on.order_by("name").values_list("name", flat=True)),
            submitted=submission.created.isoformat(),
        ),
        cohorts=(replace(result, hospital=run.hospital.name),),  # as the platform calls it, as in `trained_on`
    )


def fail(run: Run, token: UUID, error: Exception) -> None:
    logger.error("run %s: attempt %d ended with an error", run.pk, run.attempt, exc_info=error)
    failure, reason, next_step = FailureClass.PLATFORM_ERROR, "The platform made an error.", ""
    if isinstance(error, EvaluatorError):
        reason = " ".join(part for part in (error.what, error.why) if part)
        next_step = error.next_step
    if isinstance(error, ClassifiedError):
        failure = error.failure
    elif isinstance(error, CohortRefused):
        failure = FailureClass.COHORT_CHANGED
    settle.run_failed(run, token, failure=failure, reason=reason, next_step=next_step)
