"""How allauth behaves here: nobody signs up, and who logs in is in the audit log."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from django.contrib import messages
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_organiser, is_reviewer, teams_of
from leaderboard.audit.services import record
from leaderboard.lib.addresses import client_address

LINK = "came_by_link"  # in the session: whose one-time link opened it


def landing(user: User | AnonymousUser) -> str:
    """Where somebody who has logged in has something to do."""
    if is_organiser(user):
        return reverse("evaluations:operations")
    if isinstance(user, User) and user.hospitals.exists():
        return reverse("desk:mine")
    if is_reviewer(user):
        return reverse("awards:desk")
    return reverse("submissions:list") if teams_of(user).exists() else reverse("dashboards:home")


class AccountAdapter(DefaultAccountAdapter):
    error_messages: ClassVar[dict[str, Any]] = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "This address and password do not fit together. "
        "Check both, or ask for a login link.",
        "incorrect_password": "This is not your password. Check it, or ask an organiser for a login link.",
        "too_many_login_attempts": "There were too many attempts. Wait a quarter of an hour, then try again.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def add_message(self, request: HttpRequest, level: int, template: str | None = None, *args: Any, **kw: Any) -> None:
        if template != "account/messages/logged_in.txt":  # the name in the masthead says so
            super().add_message(request, level, template, *args, **kw)

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        messages.error(request, "This account is locked. Ask an organiser.")
        return redirect("accounts:login")

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return landing(request.user)

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not of somebody who has only a login link: there is nothing yet to ask for."""
        if not self.get_reauthentication_methods(context.request.user):
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        used = [str(one.get("type", one["method"])) for one in get_authentication_records(request, user)]
        if request.session.get(LINK) == user.pk:
            used.insert(0, "link")
        record("account.logged-in", f"user {user.pk}", by=user.pk, by_means_of=used)
        answer: HttpResponse = super().post_login(request, user, **kwargs)
        return answer
