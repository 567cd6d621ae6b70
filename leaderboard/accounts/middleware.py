"""Whose role needs a second factor and who has none goes nowhere else before it is set up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from leaderboard.accounts.factors import lacks_second_factor

OPEN = {"accounts:logout", "accounts:profile", "accounts:delete", "account_reauthenticate", "icon"}


class SecondFactorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in OPEN or name.startswith("mfa_") or not lacks_second_factor(request.user):
            return None
        messages.warning(request, "Your role needs a second factor. Set up an app or a passkey, then go on.")
        return redirect("mfa_index")
