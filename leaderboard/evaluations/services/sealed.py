"""Sending chosen submissions to the sealed cohorts: once, all together."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.services.approval import approval_ask
from leaderboard.evaluations.services.line import ring, take_place
from leaderboard.hospitals.models import Cohort
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)


@transaction.atomic
def sealed_runs_create(*, benchmark: Benchmark, submissions: Sequence[Submission], by: User | None) -> list[Run]:
    """A run of each at every sealed cohort. Asked again, it gives the runs that are there and makes none.

    Raises
    ------
    Refusal
        The benchmark has no sealed cohort, nobody was chosen, or one that was chosen is not done everywhere else.
    """
    benchmark = Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    if benchmark.sealed_runs_at is not None:
        return list(Run.objects.filter(sealed=True, evaluation__submission__benchmark=benchmark))
    cohorts = list(benchmark.sealed.select_related("hospital"))
    if not cohorts:
        raise Refusal(
            f"{benchmark} has no sealed cohort.",
            next_step="Import one with `manage.py import_cohort HOSPITAL FOLDER --sealed` and add it to the benchmark.",
        )
    runs = [made(evaluation, cohorts) for evaluation in chosen(benchmark, submissions)]
    benchmark.sealed_runs_at = timezone.now()
    benchmark.save(update_fields=["sealed_runs_at"])
    logger.info("%d submissions sent to the sealed cohorts of %s", len(submissions), benchmark.slug)
    record(
        "final.sealed-runs",
        f"benchmark {benchmark.slug}",
        by=by.pk if by else None,
        submissions=sorted(str(submission.pk) for submission in submissions),
        cohorts=sorted(cohort.fingerprint for cohort in cohorts),
    )
    return [run for of_one in runs for run in of_one]


def chosen(benchmark: Benchmark, submissions: Sequence[Submission]) -> list[Evaluation]:
    if not submissions:
        raise Refusal("Nobody was chosen for the sealed cohorts.", next_step="Let the teams name their finalists.")
    rows = Evaluation.objects.select_related("submission").filter(submission__in=submissions)
    found = {evaluation.submission_id: evaluation for evaluation in rows}
    for submission in submissions:
        evaluation = found.get(submission.pk)
        ready = evaluation is not None and evaluation.state == Evaluation.State.DONE
        if submission.benchmark_id != benchmark.pk or submission.state != Submission.State.ACCEPTED or not ready:
            raise Refusal(
                f"“{submission.model}” cannot be sent to the sealed cohorts.",
                why="It is of another benchmark, was withdrawn, or is not done at every hospital.",
                next_step="Wait until it is done, or see under Operations why it failed.",
            )
    return [found[submission.pk] for submission in submissions]


def made(evaluation: Evaluation, cohorts: Sequence[Cohort]) -> list[Run]:
    runs = []
    for cohort in cohorts:
        run = Run(
            evaluation=evaluation,
            hospital=cohort.hospital,
            cohort=cohort,
            sealed=True,
            cases_total=cohort.cases.count(),
        )
        take_place(run)
        run.full_clean()
        run.save()
        ring(run)
        runs.append(run)
    approval_ask(evaluation.submission, runs)
    return runs
