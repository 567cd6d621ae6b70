"""Taking a submission back."""

from __future__ import annotations

import logging

from django.db import transaction
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.lib.errors import Refusal
from leaderboard.lib.leases import RELEASED
from leaderboard.submissions.models import Submission
from leaderboard.submissions.signals import submission_withdrawn

logger = logging.getLogger(__name__)


@transaction.atomic
def submission_withdraw(*, submission: Submission, by: User) -> Submission:
    """Stop whatever is done with it, and leave it out of every later ranking. A published ranking stays as it is.

    Raises
    ------
    Refusal
        It was refused or withdrawn already.
    """
    state = Submission.State.WITHDRAWN
    live = Submission.objects.filter(pk=submission.pk, state__in=(*Submission.OPEN, Submission.State.ACCEPTED))
    if not live.update(state=state, state_since=timezone.now(), **RELEASED):
        raise Refusal(f"“{submission.model}” cannot be withdrawn.", why="It was refused or withdrawn already.")
    logger.info("submission %s withdrawn by user %s", submission.pk, by.pk)
    record("submission.withdrawn", f"submission {submission.pk}", by=by.pk)
    submission_withdrawn.send(sender=Submission, submission_id=submission.pk)
    submission.refresh_from_db()
    return submission
