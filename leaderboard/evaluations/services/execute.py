"""One run, carried out by the worker that claimed it."""

from __future__ import annotations

import logging
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
from evaluator.errors import CohortChanged, EvaluatorError, PlatformFault
from evaluator.pipeline import failure_of, forget_run, require_answers, run_cohort
from evaluator.records import CohortResult
from leaderboard.evaluations.models import Run
from leaderboard.evaluations.services import settle, watch
from leaderboard.evaluations.services.as_ordered import as_results
from leaderboard.evaluations.services.fitness import Unfit, fit_engine
from leaderboard.evaluations.services.line import in_line
from leaderboard.evaluations.services.logs import log_keep
from leaderboard.hospitals.models import Hospital
from leaderboard.lib import files, leases
from leaderboard.lib.logs import bound
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services.limits import limits_of

logger = logging.getLogger(__name__)

TRIES = 3  # of two workers that look at once one is too late, and looks at the next in line


def run_execute(*, pk: int, engine: ContainerEngine | None = None) -> None:
    """Look at the line that this run stands in: claim whose turn it is, carry it out, keep what it gave."""
    claimed = claim_next(pk)
    if claimed is None:
        return
    pk, token = claimed
    run = Run.objects.select_related("evaluation__submission__benchmark", "hospital", "cohort").get(pk=pk)
    ids = {"evaluation": run.evaluation_id, "submission": run.evaluation.submission_id, "hospital": run.hospital.slug}
    with bound(run=pk, attempt=run.attempt, **ids):
        hold(run, token, engine)


def hold(run: Run, token: UUID, engine: ContainerEngine | None) -> None:
    watcher = watch.RunWatcher(run, token)
    try:
        result = carry_out(run, engine, watcher)
        if watcher.stop is None:
            require_answers(result)
            payload = wire.to_builtins(as_results(run, result))
            settle.run_done(run, token, payload=payload, peak_memory_bytes=result.peak_memory_bytes)
    except Unfit as error:
        logger.error("ALERT: run %s waits: %s", run.pk, str(error))  # noqa: TRY400 - it says all there is to say
        settle.run_waits(run, token, reason="The platform’s machine is not ready; it is looked at again soon.")
    except Exception as error:
        if watcher.stop is None:
            fail(run, token, error)
    if watcher.stop is not None and watcher.stop.state is not None:
        settle.run_stopped(run, token, state=watcher.stop.state, reason=watcher.stop.reason)
    if not Run.objects.filter(pk=run.pk, state__in=Run.OPEN).exists():
        forget_run(files.data_folder("state"), name_of(run))


def claim_next(pk: int) -> tuple[int, UUID] | None:
    """The run was a reason to look; another one of its hospital may be before it."""
    hospital_id = Run.objects.values_list("hospital_id", flat=True).get(pk=pk)
    for turn in in_line(hospital_id).values_list("pk", flat=True)[:TRIES]:
        token = claim(turn)
        if token is not None:
            return turn, token
    return None


@transaction.atomic
def claim(pk: int) -> UUID | None:
    # Every condition that another worker may change is on the run's own row: only there is the update conditional.
    waiting = Run.objects.filter(
        Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=timezone.now()),
        pk=pk,
        state=Run.State.QUEUED,
        hospital__in=Hospital.objects.filter(active=True, enrolment__isnull=True),
    )
    now = timezone.now()
    token = leases.claim(waiting, state=Run.State.FETCHING, attempt=F("attempt") + 1, started=now, cases_done=0)
    if token is not None:
        evaluation_id = Run.objects.values_list("evaluation_id", flat=True).get(pk=pk)
        settle.evaluation_settle(evaluation_id)
    return token


def name_of(run: Run) -> str:
    """What an interrupted run is taken up again by."""
    return f"run {run.pk}"


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
    watch.running(run, watcher.token)
    result = run_cohort(
        engine=engine,
        image=submission.image,
        cohort=cohort,
        contract=submission.contract,
        limits=limits_of(benchmark, gpus=benchmark.gpus),
        state=files.data_folder("state"),
        rng=np.random.default_rng(),
        watcher=watcher,
        keep_log=partial(log_keep, run),
        resume=name_of(run),
        canary=True,
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


def fail(run: Run, token: UUID, error: Exception) -> None:
    logger.error("run %s: attempt %d ended with an error", run.pk, run.attempt, exc_info=error)
    reason, next_step = "The platform made an error.", ""
    if isinstance(error, EvaluatorError):
        reason = " ".join(part for part in (error.what, error.why) if part)
        next_step = error.next_step
    settle.run_failed(run, token, failure=failure_of(error), reason=reason, next_step=next_step)
