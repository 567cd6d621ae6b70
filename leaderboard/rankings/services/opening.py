"""Opening the final: from then on everything is shown, and the Ladder is history."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation
from leaderboard.lib import bell
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.services.sealed import sealed_ranking_make
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)

UNDER_WAY = (Evaluation.State.QUEUED, Evaluation.State.RUNNING)


@transaction.atomic
def final_open(*, benchmark: Benchmark, by: User | None) -> Benchmark:
    """Show everything from now on. It cannot be undone; opened again, it stays as it is.

    Raises
    ------
    Refusal
        Submissions are under way, or none is done; with sealed cohorts, their runs have not ended.
    """
    benchmark = Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    if benchmark.final_at is not None:
        return benchmark
    require_ended(benchmark)
    sealed_ranking_make(benchmark=benchmark)
    benchmark.final_at = timezone.now()
    benchmark.full_clean()
    benchmark.save(update_fields=["final_at"])
    logger.info("the final of benchmark %s opened by user %s", benchmark.slug, by and by.pk)
    bell.ring("rankings.snapshot", benchmark.pk)
    record("final.opened", f"benchmark {benchmark.slug}", by=by.pk if by else None)
    return benchmark


def require_ended(benchmark: Benchmark) -> None:
    evaluations = Evaluation.objects.filter(submission__benchmark=benchmark)
    accepted = Submission.State.ACCEPTED
    unmade = benchmark.submissions.filter(state=accepted, evaluation__isnull=True).count()
    open_ = benchmark.submissions.filter(state__in=Submission.OPEN).count()
    if waiting := open_ + unmade + evaluations.filter(state__in=UNDER_WAY).count():
        raise Refusal(
            f"The final of {benchmark} cannot be opened yet: {waiting} submissions are under way.",
            why="Whoever is in line was promised to be scored before anything is shown.",
            next_step="Wait for them, or cancel their runs under Operations.",
        )
    if not evaluations.filter(state=Evaluation.State.DONE).exists():
        raise Refusal(f"{benchmark} has nothing to show yet.", next_step="Open the final when a submission is done.")
