"""Signing in by a link, and one's own profile. The other pages of an account are allauth's, in our templates."""

from __future__ import annotations

from typing import cast

from allauth.account.signals import password_changed
from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from leaderboard.accounts.adapter import LINK, landing
from leaderboard.accounts.deletion import Departure, account_delete, departure
from leaderboard.accounts.forms import DeletionForm, FirstPasswordForm, NameForm, NextPasswordForm, TokenForm
from leaderboard.accounts.models import User
from leaderboard.accounts.services import login_link_consume, password_set, user_rename
from leaderboard.accounts.tokens import token_create, token_revoke
from leaderboard.lib.errors import Refusal


@require_GET
def login_link(request: HttpRequest, token: str) -> HttpResponse:
    """Sign in the person a one-time link was made for; who has a second factor is asked for it all the same."""
    try:
        user = login_link_consume(token=token)
    except Refusal as refusal:
        return render(request, "accounts/link_refused.html", {"refusal": refusal}, status=410)
    logout(request)
    request.session[LINK] = user.pk
    answer: HttpResponse = perform_login(request, user, redirect_url=landing(user))
    return answer


def knows_password(request: HttpRequest) -> bool:
    """Who came by a link may have none, or have forgotten it."""
    user = cast("User", request.user)
    return user.has_usable_password() and request.session.get(LINK) != user.pk


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """One's name, password, teams and roles. Which of the two forms was sent is said by its button."""
    user = cast("User", request.user)
    sent = request.POST.get("change")
    name = NameForm(request.POST if sent == "name" else None, initial={"name": user.name})
    form_class = NextPasswordForm if knows_password(request) else FirstPasswordForm
    password = form_class(user, request.POST if sent == "password" else None)
    if sent == "name" and name.is_valid():
        user_rename(user=user, name=name.cleaned_data["name"])
        messages.success(request, "Your name is changed.")
        return redirect("accounts:profile")
    if sent == "password" and password.is_valid():
        password_set(user=user, password=password.cleaned_data["new_password1"])
        request.session.pop(LINK, None)
        update_session_auth_hash(request, user)  # the person's other sessions end
        password_changed.send(sender=User, request=request, user=user)
        messages.success(request, "Your password is set. You can now sign in with it.")
        return redirect("accounts:profile")
    memberships = user.memberships.select_related("team").order_by("team__name")
    return render(
        request,
        "accounts/profile.html",
        {"name_form": name, "password_form": password, "memberships": memberships},
    )


@login_required
@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: HttpRequest) -> HttpResponse:
    """The person's tokens. A new one is shown in the answer to its form, and nowhere again."""
    user = cast("User", request.user)
    form, refusal, made = TokenForm(request.POST or None), None, ""
    if request.method == "POST" and form.is_valid():
        try:
            made = token_create(user=user, **form.cleaned_data)
        except Refusal as error:
            refusal = error
        else:
            form = TokenForm()
    context = {"form": form, "refusal": refusal, "made": made, "tokens": user.tokens.all(), "now": timezone.now()}
    status = 422 if request.method == "POST" and not made else 200
    return render(request, "accounts/tokens.html", context, status=status)


@login_required
@require_POST
def token_take_back(request: HttpRequest, pk: int) -> HttpResponse:
    user = cast("User", request.user)
    token = get_object_or_404(user.tokens, pk=pk)
    token_revoke(token=token, by=user)
    messages.success(request, f"The token “{token.name}” is taken back: whoever has it is no longer answered.")
    return redirect("accounts:tokens")


@sensitive_post_parameters()
@login_required
@require_http_methods(["GET", "POST"])
def delete(request: HttpRequest) -> HttpResponse:
    """Says first what goes, what stays, and what becomes of the teams."""
    user = cast("User", request.user)
    left = departure(user)
    form = DeletionForm(request.POST or None, user=user, by_password=knows_password(request))
    if request.method == "POST" and not left.refusal and form.is_valid():
        try:
            account_delete(user=user, by=user)
        except Refusal as refusal:
            left = Departure(refusal=refusal, emptied=left.emptied, inherited=left.inherited)
        else:
            logout(request)
            messages.success(request, "Your account is deleted.")
            return redirect("dashboards:home")
    context = {"form": form, "left": left, "refusal": left.refusal}
    return render(request, "accounts/delete.html", context, status=422 if request.method == "POST" else 200)
