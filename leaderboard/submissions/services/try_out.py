"""The try-out on public sample cases: the one run whose full log the team sees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import F, Q
from django.utils import timezone

from evaluator.cohort import read_cohort
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.engine import ContainerEngine
from evaluator.errors import Fault, PlatformFault
from evaluator.pipeline import TryOut, try_out
from evaluator.records import CaseResult
from leaderboard.lib import files, leases
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import settle
from leaderboard.submissions.services.limits import limits_of


def submission_try_out(*, pk: UUID, engine: ContainerEngine | None = None) -> None:
    """Look at a submission: if it waits for its try-out, claim it, try it out, accept or refuse it."""
    row = Submission.objects.filter(pk=pk)
    due = row.filter(Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=timezone.now()))
    waiting = due.filter(state=Submission.State.TRYING_OUT, lease_token__isnull=True)
    token = leases.claim(waiting, state=Submission.State.TRYING_OUT, attempt=F("attempt") + 1)
    if token is None:
        return
    submission = row.select_related("benchmark__sample").get()
    try:
        outcome = carry_out(submission, engine or DockerEngine(), leases.LeaseWatcher(row, token=token))
        end(submission, token, outcome)
    except Exception as error:
        settle.failed(pk, token, error, back_to=Submission.State.TRYING_OUT, attempt=submission.attempt)


def carry_out(submission: Submission, engine: ContainerEngine, watcher: leases.LeaseWatcher) -> TryOut:
    benchmark = submission.benchmark
    if benchmark.sample is None:
        raise PlatformFault("The benchmark has no sample cases any more.")
    return try_out(
        engine=engine,
        image=submission.image,
        sample=read_cohort(benchmark.sample.path),
        contract=submission.contract,
        limits=limits_of(benchmark),
        state=files.data_folder("state"),
        rng=np.random.default_rng(),
        watcher=watcher,
    )


def end(submission: Submission, token: UUID, outcome: TryOut) -> None:
    told: dict[str, Any] = {
        "try_out_log": files.bounded(outcome.log),
        "try_out": [of_case(one) for one in outcome.cases],
    }
    failure = outcome.failure
    if outcome.ok:
        settle.accept(submission.pk, token, **told)
    elif failure is None or failure.fault is not Fault.SUBMISSION:
        raise PlatformFault(outcome.reason or "The try-out could not be carried out.")
    else:
        settle.refuse(
            submission.pk,
            token,
            failure=failure,
            reason=outcome.reason,
            next_step="Read the log of the try-out, correct the image, and hand it in again.",
            **told,
        )


def of_case(result: CaseResult) -> dict[str, Any]:
    """A sample case as its team sees it: scan and reference are public, so nothing of it is kept back."""
    return {
        "case": result.case.case,
        "cancer": result.case.cancer,
        "likelihood": result.likelihood,
        "lesions": len(result.lesions),
        "hit": sum(lesion.hit for lesion in result.lesions),
        "findings": len(result.findings),
        "seconds": result.seconds,
        "failure": result.failure.value if result.failure else "",
        "reason": result.reason,
    }
