"""How large a request may be: its view says so, and it is asked before a byte of the body is read.

Django writes files of any size to disk while it parses a form, and it parses every form to look for the token against
forgery, also one that nobody may send.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from leaderboard.lib.errors import Refusal

V = TypeVar("V", bound=Callable[..., Any])


def body_up_to(size: int) -> Callable[[V], V]:
    """A view that takes more than others do: in bytes, from people who are logged in."""

    def decorate(view: V) -> V:
        view.largest_body = size  # type: ignore[attr-defined]
        return view

    return decorate


class BodyMiddleware:
    """Stands before whatever reads a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_: Any) -> HttpResponse | None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) <= allowed(view, request.user):
            return None
        refusal = Refusal(
            f"This request is too large: {int(length) / 1000**2:,.0f} MB." if length.isdigit() else "It has no length.",
            why=f"Forms take up to {settings.LARGEST_BODY // 1000**2} MB; only the upload of an image takes more.",
            next_step="Send a smaller file.",
        )
        return render(request, "413.html", {"refusal": refusal}, status=413)


def allowed(view: Callable[..., Any], user: AbstractBaseUser | AnonymousUser) -> int:
    """What reads its body itself, and only after it knows who asks, is marked free of the token against forgery."""
    named = getattr(view, "largest_body", None)
    if named is not None and (getattr(view, "csrf_exempt", False) or user.is_authenticated):
        return int(named)
    return int(settings.LARGEST_BODY)
