"""Which places of the masthead somebody has something to do at."""

from __future__ import annotations

from django import template

from leaderboard.accounts.selectors import Person, is_organiser, is_reviewer, teams_of

register = template.Library()


@register.simple_tag
def hands_in(user: Person, desk: str) -> bool:
    """Whoever has an account, but for organisers, and for reviewers and data stewards (with a ``desk``) of no team."""
    if not user.is_authenticated or is_organiser(user):
        return False
    return not (desk or is_reviewer(user)) or teams_of(user).exists()
