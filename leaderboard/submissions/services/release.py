"""Publishing the numbers of a submission that was handed in to be kept private."""

from __future__ import annotations

import logging

from django.db import transaction

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission
from leaderboard.submissions.signals import submission_released

logger = logging.getLogger(__name__)


@transaction.atomic
def submission_release(*, submission: Submission, by: User) -> Submission:
    """With its team's consent; it cannot be taken back but by withdrawing, for a ranking keeps its entries.

    Raises
    ------
    Refusal
        It is public already, was not accepted, or stands on a Ladder, which counts in the order of handing in.
    """
    if submission.benchmark.ladder:
        raise Refusal(
            f"“{submission.model}” cannot be published later.",
            why="On the Ladder submissions count in the order in which they were handed in.",
            next_step="Hand it in again, to be published.",
        )
    private = Submission.objects.filter(pk=submission.pk, state=Submission.State.ACCEPTED, public=False)
    if not private.update(public=True):
        raise Refusal(
            f"“{submission.model}” cannot be published.", why="It is public already, or it is not an accepted one."
        )
    logger.info("submission %s released by user %s", submission.pk, by.pk)
    record("submission.released", f"submission {submission.pk}", by=by.pk)
    submission_released.send(sender=Submission, submission_id=submission.pk, benchmark_id=submission.benchmark_id)
    submission.refresh_from_db()
    return submission
