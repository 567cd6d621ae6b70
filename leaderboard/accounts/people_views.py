"""Organisers' pages about people: who is here, in what role, and how they get in."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from leaderboard.accounts.factors import factors_of, second_factor_remove
from leaderboard.accounts.forms import PeopleForm, PersonForm, RolesForm, VerifyForm
from leaderboard.accounts.models import Membership, Team, User
from leaderboard.accounts.people import account_lock, link_send, person_welcome, roles_set
from leaderboard.accounts.selectors import people, require_organiser
from leaderboard.accounts.services import team_unverify, team_verify
from leaderboard.audit.services import seen
from leaderboard.lib.errors import Refusal

PAGE = 100


def organiser_of(request: HttpRequest) -> User:
    require_organiser(cast("User", request.user))
    return cast("User", request.user)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def everybody(request: HttpRequest) -> HttpResponse:
    """The list, which can be searched; somebody new is added below it."""
    by = organiser_of(request)
    seen("people", by=by.pk)
    asked = PeopleForm(request.GET or None)
    wanted = asked.cleaned_data if asked.is_valid() else {}
    form, refusal = PersonForm(request.POST if request.method == "POST" else None), None
    if form.is_valid():
        try:
            user = person_welcome(**form.cleaned_data, by=by)
        except Refusal as error:
            refusal = error
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, f"{user} has an account{in_team(user)}. {sent_to(user)}")
            return redirect("accounts:person", user.pk)
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "asked": asked,
        "people": Paginator(people(**wanted), PAGE).get_page(request.GET.get("page")),
        "query": query.urlencode(),
        "teams": Team.objects.only("name"),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "accounts/people.html", context, status=422 if request.method == "POST" else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: HttpRequest, pk: int) -> HttpResponse:
    """One of them; a post sets the roles."""
    by = organiser_of(request)
    found = get_object_or_404(people(), pk=pk)
    seen(f"user {found.pk}", by=by.pk)
    roles = {"organiser": found.is_organiser, "reviewer": found.is_reviewer}
    form, refusal = RolesForm(request.POST if request.method == "POST" else None, initial=roles), None
    if form.is_valid():
        try:
            roles_set(user=found, **form.cleaned_data, by=by)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, f"The roles of {found} are as you set them.")
            return redirect("accounts:person", found.pk)
    context = {
        "person": found,
        "memberships": found.memberships.select_related("team").order_by("team__name"),
        "factors": factors_of(found).count(),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "accounts/person.html", context, status=422 if request.method == "POST" else 200)


@login_required
@require_POST
def send_link(request: HttpRequest, pk: int) -> HttpResponse:
    def act(user: User, by: User) -> str:
        link_send(user=user, by=by)
        return sent_to(user)

    return act_on(request, pk, act)


@login_required
@require_POST
def lock(request: HttpRequest, pk: int) -> HttpResponse:
    locked = request.POST.get("locked") == "on"

    def act(user: User, by: User) -> str:
        account_lock(user=user, locked=locked, by=by)
        return f"The account of {user} is {'locked' if locked else 'open again'}."

    return act_on(request, pk, act)


@login_required
@require_POST
def without_factor(request: HttpRequest, pk: int) -> HttpResponse:
    """For somebody who has lost theirs."""

    def act(user: User, by: User) -> str:
        count = second_factor_remove(user=user, by=by)
        return f"{user} has no second factor any more." if count else f"{user} had no second factor."

    return act_on(request, pk, act)


def act_on(request: HttpRequest, pk: int, act: Callable[[User, User], str]) -> HttpResponse:
    by = organiser_of(request)
    found = get_object_or_404(people(), pk=pk)
    try:
        messages.success(request, act(found, by))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("accounts:person", found.pk)


@login_required
@require_POST
def verify(request: HttpRequest, slug: str) -> HttpResponse:
    """Say which organisation a team belongs to, or take that back."""
    by = organiser_of(request)
    team = get_object_or_404(Team, slug=slug)
    form = VerifyForm(request.POST)
    if "withdraw" in request.POST:
        team_unverify(team=team, by=by)
        messages.success(request, f"{team} is verified no longer.")
    elif form.is_valid():
        team_verify(team=team, **form.cleaned_data, by=by)
        messages.success(request, f"{team} is verified as a team of {team.organisation}.")
    else:
        messages.error(request, "It takes the organisation’s name, and what shows that the team is its own.")
    return redirect("accounts:team", team.slug)


def in_team(user: User) -> str:
    """So that a name that was mistyped, and made another team, is seen."""
    membership = user.memberships.select_related("team").first()
    if membership is None:
        return ""
    return (
        f", as {'owner of the new team' if membership.role == Membership.Role.OWNER else 'member of'} {membership.team}"
    )


def sent_to(user: User) -> str:
    """Where the link went; a site that sends no e-mail has it in its log, for whoever runs the machine."""
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return f"This site sends no e-mail (EMAIL_HOST is not set): the link for {user.email} is in its server’s log."
    return f"A link to log in is sent to {user.email}."
