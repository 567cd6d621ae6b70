"""Signing in and out, and one's own profile."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth import login, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from leaderboard.accounts.forms import LoginForm, NameForm, PasswordForm
from leaderboard.accounts.models import User
from leaderboard.accounts.services import login_link_consume, user_rename
from leaderboard.lib.errors import Refusal


class Login(LoginView):
    form_class = LoginForm
    template_name = "accounts/login.html"
    redirect_authenticated_user = True
    http_method_names = ("get", "post", "head", "options")  # Django's form views take PUT for POST


@require_GET
def login_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in the person a one-time link was made for."""
    try:
        user = login_link_consume(token=token)
    except Refusal as refusal:
        return render(request, "accounts/link_refused.html", {"refusal": refusal}, status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("dashboards:home")


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """One's name, password, teams and roles. Which of the two forms was sent is said by its button."""
    user = cast("User", request.user)
    sent = request.POST.get("change")
    name = NameForm(request.POST if sent == "name" else None, initial={"name": user.name})
    password = PasswordForm(user, request.POST if sent == "password" else None)
    if sent == "name" and name.is_valid():
        user_rename(user=user, name=name.cleaned_data["name"])
        messages.success(request, "Your name is changed.")
        return redirect("accounts:profile")
    if sent == "password" and password.is_valid():
        password.save()
        update_session_auth_hash(request, user)
        messages.success(request, "Your password is set. You can now sign in with it.")
        return redirect("accounts:profile")
    memberships = user.memberships.select_related("team").order_by("team__name")
    return render(
        request,
        "accounts/profile.html",
        {"name_form": name, "password_form": password, "memberships": memberships},
    )
