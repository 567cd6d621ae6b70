"""Telling a team how its evaluation ended, as soon as it may know: there may be a published time before which not."""

from __future__ import annotations

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from leaderboard.evaluations.models import Evaluation
from leaderboard.notices.services import notice_add

State = Evaluation.State
NEWS = {
    State.DONE: "was run by all hospitals; its numbers are there.",
    State.FAILED: "failed at a hospital; its page says why, and what to do.",
}


def endings_tell() -> None:
    """Those that ended, and were not told of."""
    ended = Evaluation.objects.filter(state__in=NEWS, noticed_at__isnull=True)
    for evaluation in ended.select_related("submission__team", "submission__benchmark").order_by("pk"):
        if evaluation.is_told:
            _tell(evaluation)


@transaction.atomic
def _tell(evaluation: Evaluation) -> None:
    untold = Evaluation.objects.filter(pk=evaluation.pk, state=evaluation.state, noticed_at__isnull=True)
    if untold.update(noticed_at=timezone.now()):
        submission = evaluation.submission
        notice_add(
            to=submission.team.members.all(),
            text=f"“{submission.model}” {NEWS[State(evaluation.state)]}",
            link=reverse("evaluations:submission", args=[submission.pk]),
        )
