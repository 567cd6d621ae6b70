"""The finalists go to the sealed cohorts, once their list is closed."""

from __future__ import annotations

from django.db import transaction

from leaderboard.accounts.models import User
from leaderboard.awards.models import Closing, Finalist
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Run
from leaderboard.evaluations.services import sealed_runs_create
from leaderboard.lib.errors import Refusal


@transaction.atomic
def finalists_run_sealed(*, benchmark: Benchmark, by: User | None) -> list[Run]:
    """Run every finalist on the sealed cohorts; asked again, it makes no second run.

    Raises
    ------
    Refusal
        The list is still open, or a finalist cannot be sent.
    """
    if not Closing.objects.filter(benchmark=benchmark).exists():
        raise Refusal(
            f"The finalists of {benchmark} are not closed.",
            why="Sealed cohorts are scored once, for submissions that were chosen before.",
            next_step="Close the list first: manage.py close_finalists.",
        )
    named = Finalist.objects.filter(benchmark=benchmark).select_related("submission")
    return sealed_runs_create(benchmark=benchmark, submissions=[one.submission for one in named], by=by)
