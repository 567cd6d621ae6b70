"""Saying which submissions are versions of one model. It changes no number and hides none."""

from __future__ import annotations

import logging

from django.core.exceptions import ValidationError
from django.db import transaction

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import earlier_versions

logger = logging.getLogger(__name__)


@transaction.atomic
def submission_follow(*, submission: Submission, earlier: Submission | None, by: User) -> Submission:
    """The submission is the next version of the earlier one, or of none. The same again changes nothing.

    Raises
    ------
    Refusal
        The earlier one is not of this team and benchmark, not earlier, not accepted, or has its next version already.
    """
    submission = Submission.objects.select_for_update().get(pk=submission.pk)
    if submission.follows_id == (earlier.pk if earlier else None):
        return submission
    if submission.state in Submission.GONE:
        raise Refusal(f"“{submission.model}” is no version of anything.", why="It was refused or withdrawn.")
    if earlier is not None:
        require_follows(submission, earlier)
    submission.follows = earlier
    try:
        submission.full_clean(exclude=["archive_bytes", "archive_sha256"])
    except ValidationError as error:
        raise Refusal("The versions were not changed.", why=" ".join(error.messages)) from error
    submission.save(update_fields=["follows"])
    logger.info("submission %s follows %s by user %s", submission.pk, submission.follows_id, by.pk)
    record(
        "submission.version-said", f"submission {submission.pk}", by=by.pk, follows=str(earlier.pk) if earlier else None
    )
    return submission


def require_follows(submission: Submission, earlier: Submission) -> None:
    if not earlier_versions(submission).filter(pk=earlier.pk).exists():
        raise Refusal(
            f"“{submission.model}” cannot be the next version of “{earlier.model}”.",
            why="An earlier version is an accepted submission of the same team on the same benchmark, handed in "
            "before, of which no other submission is the next version.",
            next_step="Choose one of the list.",
        )
