"""The finalists go to the sealed cohorts, once their list is closed."""

from __future__ import annotations

from django.db import transaction

from leaderboard.accounts.models import User
from leaderboard.awards.models import Closing, Finalist
from leaderboard.awards.selectors import may_be_finalist
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Run
from leaderboard.evaluations.services import sealed_runs_create
from leaderboard.lib.errors import Refusal


@transaction.atomic
def finalists_run_sealed(*, benchmark: Benchmark, by: User | None) -> list[Run]:
    """Run every finalist on the sealed cohorts; asked again, it makes no second run.

    One that was withdrawn or failed after it was named is left out, so that it holds up nobody else.

    Raises
    ------
    Refusal
        The list is still open, a finalist is still running, or none is left.
    """
    if not Closing.objects.filter(benchmark=benchmark).exists():
        raise Refusal(
            f"The finalists of {benchmark} are not closed.",
            why="Sealed cohorts are scored once, for submissions that were chosen before.",
            next_step="Close the list first: manage.py close_finalists.",
        )
    finalists = Finalist.objects.filter(benchmark=benchmark).select_related("submission__evaluation")
    left = [one.submission for one in finalists if may_be_finalist(one.submission)]
    return sealed_runs_create(benchmark=benchmark, submissions=left, by=by)
