"""Naming a team's finalist, and closing the list before anybody knows who is best."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_member
from leaderboard.audit.services import record
from leaderboard.awards.models import Closing, Finalist
from leaderboard.awards.selectors import may_be_finalist
from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)


@transaction.atomic
def finalist_name(*, submission: Submission, by: User) -> Finalist:
    """From now on its team is judged by this submission; until the list is closed it may name another.

    Raises
    ------
    Refusal
        Not this person's team, the submission is not accepted and public, or the list is closed.
    """
    benchmark = Benchmark.objects.select_for_update().get(pk=submission.benchmark_id)
    if not is_member(by, submission.team):
        raise Refusal(f"You are not a member of {submission.team}.", next_step="Ask one of its members.")
    if not may_be_finalist(submission):
        raise Refusal(
            f"“{submission.model}” cannot be the finalist.",
            why="Only an accepted submission that is to be published can, and none whose runs failed or were stopped.",
            next_step="Name another one.",
        )
    if Closing.objects.filter(benchmark=benchmark).exists():
        raise Refusal(
            "The finalists are closed.", why="They were to be named before the verdicts are known, once for all."
        )
    known = Finalist.objects.filter(benchmark=benchmark, team=submission.team, submission=submission).first()
    if known:
        return known  # said twice; when it was named first counts
    finalist, _ = Finalist.objects.update_or_create(
        benchmark=benchmark,
        team=submission.team,
        defaults={"submission": submission, "named_by": by, "named_at": timezone.now()},
    )
    logger.info("submission %s is the finalist of team %s by user %s", submission.pk, submission.team_id, by.pk)
    record("finalist.named", f"submission {submission.pk}", by=by.pk, team=submission.team.slug)
    return finalist


@transaction.atomic
def finalists_close(*, benchmark: Benchmark, by: User | None) -> Closing:
    """Nobody names a finalist any more. It cannot be undone; closed again, it stays as it is.

    Raises
    ------
    Refusal
        No team has named one.
    """
    Benchmark.objects.select_for_update().get(pk=benchmark.pk)
    if not Finalist.objects.filter(benchmark=benchmark).exists():
        raise Refusal(
            f"{benchmark} has no finalist yet.", next_step="Ask the teams to name theirs on a submission's page."
        )
    closing, made = Closing.objects.get_or_create(benchmark=benchmark, defaults={"closed_by": by})
    if made:
        logger.info("finalists of benchmark %s closed by user %s", benchmark.slug, by and by.pk)
        record("finalists.closed", f"benchmark {benchmark.slug}", by=by.pk if by else None)
    return closing
