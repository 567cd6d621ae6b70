"""Too many requests or wrong passwords: what is counted, whose count together, and the page that says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render

from leaderboard.lib.errors import Refusal

View = TypeVar("View", bound=Callable[..., HttpResponseBase])
WORDS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


def limited(action: str, *, reads: bool = False) -> Callable[[View], View]:
    """A view that a person, or a network, may ask for only as often as ``settings.RATE_LIMITS`` says.

    Posts are counted, with ``reads`` all requests; also those that come to nothing, for they cost as much.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def counted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if reads or request.method not in ("GET", "HEAD"):
                try:
                    consume(request, action)
                except TooOften as refusal:
                    return too_many(request, refusal, seconds=refusal.seconds)
            return view(request, *args, **kwargs)

        return cast("View", counted)

    return decorate


class TooOften(Refusal):
    """A limit of ``settings.RATE_LIMITS`` is reached."""

    status = 429

    def __init__(self, rate: ratelimit.Rate) -> None:
        unit = WORDS.get(int(rate.duration), f"{rate.duration:.0f} seconds")
        super().__init__(
            f"This may be done {rate.amount} times in one {unit}.",
            why="The limit keeps the site open for everybody: yours is reached.",
            next_step=f"Try again within the next {unit}, as your earlier requests grow old.",
        )
        self.seconds = int(rate.duration)


def consume(request: HttpRequest, action: str) -> None:
    """Count one more, of the person or network that asks.

    Raises
    ------
    TooOften
        It is one too many.
    """
    limits = {"app": "leaderboard", "action": action, "config": settings.RATE_LIMITS}
    if not ratelimit.consume(request, **limits, limit_get=True):
        raise TooOften(ratelimit.get_rates(**limits)[0])


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
