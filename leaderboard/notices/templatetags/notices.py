"""How many notices somebody has not read, for the head of every page; and what is new, for the home page."""

from __future__ import annotations

from typing import Any

from django import template

from leaderboard.notices.models import Announcement
from leaderboard.notices.selectors import news, unread

register = template.Library()


@register.simple_tag(takes_context=True)
def notices_label(context: dict[str, Any]) -> str:
    count = unread(context["user"])
    return f"Notices ({count})" if count else "Notices"


@register.simple_tag
def latest_announcements() -> list[Announcement]:
    return news()
