"""`{% ladder_line submission %}` tells a team what the Ladder said of its submission."""

from __future__ import annotations

from typing import Any

from django import template

from leaderboard.rankings.selectors import rung_of
from leaderboard.submissions.models import Submission

register = template.Library()


@register.inclusion_tag("rankings/ladder_line.html")
def ladder_line(submission: Submission) -> dict[str, Any]:
    return {"rung": rung_of(submission), "benchmark": submission.benchmark}
