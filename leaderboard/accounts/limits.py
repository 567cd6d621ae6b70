"""Too many requests or wrong passwords: the page that says so, and whose attempts count together."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from leaderboard.lib.errors import Refusal


def too_many(request: HttpRequest, refusal: Refusal | None = None, *, seconds: int = 60) -> HttpResponse:
    """Also the site's ``handler429``, which allauth calls."""
    refusal = refusal or Refusal(
        "Too many requests.",
        why="Each person and each network may do this only so often.",
        next_step="Wait a minute, then try again.",
    )
    answer = render(request, "429.html", {"refusal": refusal}, status=429)
    answer.headers["Retry-After"] = str(seconds)
    return answer


def attempted_address(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The e-mail address of an attempt to log in, the same however it was typed."""
    given = (credentials or {}).get("email") or request.POST.get("login", "")
    return str(given).strip().lower()


def locked_out(request: HttpRequest, _answer: HttpResponse | None, _credentials: dict[str, Any] | None) -> HttpResponse:
    minutes = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
    refusal = Refusal(
        "Logging in with this address is closed here for now.",
        why=f"There were {settings.AXES_FAILURE_LIMIT} wrong passwords for it from your network.",
        next_step=f"Wait {minutes} minutes, use a passkey, or ask an organiser for a login link.",
    )
    return too_many(request, refusal, seconds=60 * minutes)
