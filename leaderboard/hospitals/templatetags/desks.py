"""Whether somebody looks after a hospital's data, for the head of every page."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from leaderboard.accounts.selectors import is_organiser
from leaderboard.hospitals.selectors import hospitals_of

register = template.Library()


@register.simple_tag(takes_context=True)
def desk_address(context: dict[str, Any]) -> str:
    """Where a data steward's desk is; nothing for everybody else. Organisers find all desks on their own pages."""
    user = context.get("user")
    if user is None or is_organiser(user) or not hospitals_of(user).exists():
        return ""
    return reverse("desk:mine")
