"""What a team says of its model for the reporting guidelines: every version of every text is kept."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_member
from leaderboard.audit.services import record
from leaderboard.lib.errors import Fault, Refusal
from leaderboard.submissions.models import Statement, Submission
from leaderboard.submissions.selectors import statements_of

logger = logging.getLogger(__name__)


@transaction.atomic
def statements_keep(*, submission: Submission, texts: Mapping[str, str], by: User) -> list[Statement]:
    """Keep a new version of every text that is not what it was; those that are new.

    Raises
    ------
    Refusal
        The person is not of the team, a topic is unknown, or a text is too long. Nothing is kept then.
    """
    if not is_member(by, submission.team):
        raise Refusal("These are the team's own words.", why=f"You are not a member of {submission.team}.")
    Submission.objects.select_for_update().get(pk=submission.pk)  # versions are numbered one after the other
    known = statements_of(submission)
    added, faults = [], []
    for topic, text in texts.items():
        before = known.get(topic)
        said = text.replace("\r\n", "\n").strip()
        if said == (before.text if before else ""):
            continue
        new = Statement(
            submission=submission, topic=topic, version=before.version + 1 if before else 1, text=said, by=by
        )
        try:
            new.full_clean()
        except ValidationError as error:
            faults.append(Fault(what=" ".join(error.messages), where=topic))
        added.append(new)
    if faults:
        raise Refusal("The statements were not kept.", next_step="Change them and send them again.", faults=faults)
    for statement in added:
        statement.save(force_insert=True)
    if added:
        logger.info("submission %s: %d statements by user %s", submission.pk, len(added), by.pk)
        said_of = {one.topic: [one.version, hashlib.sha256(one.text.encode()).hexdigest()] for one in added}
        record("submission.statements", f"submission {submission.pk}", by=by.pk, topics=said_of)
    return added
