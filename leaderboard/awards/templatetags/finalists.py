"""`{% finalist_choice submission %}`: whether it is its team's finalist, and the button that makes it so."""

from __future__ import annotations

from typing import Any

from django import template

from leaderboard.accounts.selectors import is_member
from leaderboard.awards.selectors import finalist_of, is_closed, may_be_finalist
from leaderboard.submissions.models import Submission

register = template.Library()


@register.inclusion_tag("awards/finalist_choice.html", takes_context=True)
def finalist_choice(context: dict[str, Any], submission: Submission) -> dict[str, Any]:
    return {
        "submission": submission,
        "finalist": finalist_of(submission.team, submission.benchmark),
        "closed": is_closed(submission.benchmark),
        "may_be": may_be_finalist(submission),
        "is_member": is_member(context["user"], submission.team),
        "csrf_token": context.get("csrf_token"),
    }
