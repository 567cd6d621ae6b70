"""A team's page: who is in it, who is invited; and where an invitation leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from leaderboard.accounts.forms import InviteForm, JoinForm, VerifyForm
from leaderboard.accounts.invitations import (
    invitation_accept,
    invitation_create,
    invitation_of,
    invitation_revoke,
    invited_person_add,
    membership_change,
    membership_end,
)
from leaderboard.accounts.limits import limited
from leaderboard.accounts.models import Invitation, Membership, User
from leaderboard.accounts.selectors import get_team_for, is_organiser, is_owner
from leaderboard.audit.services import seen
from leaderboard.lib.errors import Refusal


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limited("invite")
def team(request: HttpRequest, slug: str) -> HttpResponse:
    """For its members and organisers. Owners invite here."""
    user = cast("User", request.user)
    found = get_team_for(user, slug)
    seen(f"team {found.slug}", by=user.pk)
    form, refusal = InviteForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invitation_create(team=found, **form.cleaned_data, by=user)
        except Refusal as error:
            refusal = error
        else:
            messages.success(
                request, f"{invitation.email} is written to. The link in that message is good for two weeks."
            )
            return redirect("accounts:team", found.slug)
    context = {
        "team": found,
        "memberships": found.memberships.select_related("user").order_by("role", "user__name"),
        "invitations": found.invitations.select_related("invited_by"),
        "owns": is_owner(user, found),
        "verification": VerifyForm(),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "accounts/team.html", context, status=422 if request.method == "POST" else 200)


@login_required
@require_POST
def role(request: HttpRequest, pk: int) -> HttpResponse:
    wanted = Membership.Role.OWNER if request.POST.get("role") == "owner" else Membership.Role.MEMBER
    return act_on(
        request, pk, lambda one, by: membership_change(membership=one, role=wanted, by=by), f"is {wanted} now"
    )


@login_required
@require_POST
def leave(request: HttpRequest, pk: int) -> HttpResponse:
    return act_on(request, pk, lambda one, by: membership_end(membership=one, by=by), "is in the team no more")


def act_on(request: HttpRequest, pk: int, act: Callable[[Membership, User], None], done: str) -> HttpResponse:
    user = cast("User", request.user)
    membership = get_object_or_404(Membership.objects.select_related("team", "user"), pk=pk)
    found, who = get_team_for(user, membership.team.slug), membership.user
    try:
        act(membership, user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{who} {done}.")
    if who == user and not found.memberships.filter(user=user).exists() and not is_organiser(user):
        return redirect("accounts:profile")
    return redirect("accounts:team", found.slug)


@login_required
@require_POST
def take_back(request: HttpRequest, pk: int) -> HttpResponse:
    user = cast("User", request.user)
    invitation = get_object_or_404(Invitation.objects.select_related("team"), pk=pk)
    found = get_team_for(user, invitation.team.slug)
    try:
        invitation_revoke(invitation=invitation, by=user)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The invitation of {invitation.email} is taken back.")
    return redirect("accounts:team", found.slug)


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Who has an account joins with it; who has none makes one here."""
    try:
        found = invitation_of(token)
        return join(request, found, token)
    except Refusal as refusal:
        return render(request, "accounts/invitation_refused.html", {"refusal": refusal}, status=410)


def join(request: HttpRequest, found: Invitation, token: str) -> HttpResponse:
    if request.user.is_authenticated:
        if request.method == "POST":
            invitation_accept(invitation=found, user=request.user)
            messages.success(request, f"Welcome to {found.team}.")
            return redirect("accounts:team", found.team.slug)
        return render(request, "accounts/invitation.html", {"invitation": found})
    if User.objects.filter(email=found.email).exists():
        here = reverse("accounts:invitation", args=[token])
        return render(request, "accounts/invitation.html", {"invitation": found, "login": here})
    form = JoinForm(request.POST or None, email=found.email)
    if request.method == "POST" and form.is_valid():
        user = invited_person_add(invitation=found, **form.cleaned_data)
        messages.success(request, f"Welcome to {found.team}.")
        answer: Any = perform_login(request, user, redirect_url=reverse("accounts:team", args=[found.team.slug]))
        return cast("HttpResponse", answer)
    status = 422 if request.method == "POST" else 200
    return render(request, "accounts/invitation.html", {"invitation": found, "form": form}, status=status)
