"""Calls: the public list and page, and the organiser's side of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leaderboard.accounts.limits import limited
from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_organiser, require_organiser, teams_of
from leaderboard.audit.services import seen
from leaderboard.awards.forms import CallForm, SeatForm
from leaderboard.awards.models import Call, Letter, Review, Seat
from leaderboard.awards.selectors.calls import calls_shown, get_call_for, may_decide, seat_of, shown
from leaderboard.awards.selectors.panel import panel_of
from leaderboard.awards.services import (
    call_change,
    call_create,
    call_publish,
    discussion_open,
    review_assign,
    review_release,
    seat_add,
    seat_remove,
)
from leaderboard.awards.services.export import call_archive
from leaderboard.lib.errors import Refusal


@require_safe
def calls(request: HttpRequest) -> HttpResponse:
    return render(request, "awards/calls.html", {"calls": calls_shown(request.user)})


@require_safe
def call(request: HttpRequest, slug: str) -> HttpResponse:
    """For everybody; a team's members find their letter from here. A draft is for organisers."""
    found = get_call_for(request.user, slug)
    if found.published_at is None:
        seen(f"call {slug}, a draft", by=cast("User", request.user).pk)
    own = {letter.team_id: letter for letter in Letter.objects.filter(call=found, team__in=teams_of(request.user))}
    context = {
        "shown": shown([found])[0],
        "call": found,
        "teams": [(team, own.get(team.pk)) for team in teams_of(request.user)],
        "runs": is_organiser(request.user),
        "seat": seat_of(request.user, found),
    }
    return render(request, "awards/call.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    require_organiser(request.user)
    seen("calls, a new one", by=cast("User", request.user).pk)
    return edited(request, None)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    require_organiser(request.user)
    seen(f"call {slug}, its form", by=cast("User", request.user).pk)
    return edited(request, get_call_for(request.user, slug))


def edited(request: HttpRequest, found: Call | None) -> HttpResponse:
    user, refusal = cast("User", request.user), None
    form = CallForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        try:
            kept = call_change(call=found, by=user, **form.given) if found else call_create(by=user, **form.given)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, f"“{kept}” is saved{'' if kept.published_at else ', as a draft'}.")
            return redirect("awards:run", kept.slug)
    context = {"form": form, "refusal": refusal, "call": found}
    return render(request, "awards/call_form.html", context, status=422 if request.method == "POST" else 200)


@login_required
@never_cache
@require_safe
def run(request: HttpRequest, slug: str) -> HttpResponse:
    """Who has declared, reviewed and decided what; and the acts that move the call on."""
    require_organiser(request.user)
    return run_page(request, get_call_for(request.user, slug))


def run_page(request: HttpRequest, found: Call, refusal: Refusal | None = None) -> HttpResponse:
    user = cast("User", request.user)
    seen(f"call {found.slug}, its panel", by=user.pk)
    context = {
        "shown": shown([found])[0],
        "call": found,
        "lines": panel_of(found, to=user),
        "seats": found.seats.select_related("user"),
        "form": SeatForm(),
        "refusal": refusal,
    }
    return render(request, "awards/run.html", context, status=422 if refusal else 200)


def act_on(request: HttpRequest, found: Call, act: Callable[[User], object], done: str) -> HttpResponse:
    """An organiser's act; a refused one is shown with all its reasons, above the page it was asked on."""
    try:
        act(cast("User", request.user))
    except Refusal as refusal:
        return run_page(request, found, refusal)
    messages.success(request, done)
    return redirect("awards:run", found.slug)


@login_required
@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    require_organiser(request.user)
    found = get_call_for(request.user, slug)
    return act_on(request, found, lambda by: call_publish(call=found, by=by), f"“{found}” is published.")


@login_required
@require_POST
def discuss(request: HttpRequest, slug: str) -> HttpResponse:
    require_organiser(request.user)
    found = get_call_for(request.user, slug)
    return act_on(request, found, lambda by: discussion_open(call=found, by=by), "The discussion is open.")


@login_required
@require_POST
def seat(request: HttpRequest, slug: str) -> HttpResponse:
    require_organiser(request.user)
    found, form = get_call_for(request.user, slug), SeatForm(request.POST)
    if not form.is_valid():
        return run_page(request, found, Refusal("Nobody was chosen.", next_step="Choose a reviewer from the list."))
    given = form.cleaned_data
    return act_on(request, found, lambda by: seat_add(call=found, by=by, **given), f"{given['user']} is on the panel.")


@login_required
@require_POST
def unseat(request: HttpRequest, pk: int) -> HttpResponse:
    require_organiser(request.user)
    found = get_object_or_404(Seat.objects.select_related("call", "user"), pk=pk)
    return act_on(
        request, found.call, lambda by: seat_remove(seat=found, by=by), f"{found.user} is not on the panel any more."
    )


@login_required
@require_POST
def assign(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a person of the panel for a review of a letter."""
    require_organiser(request.user)
    letter = get_object_or_404(Letter.objects.select_related("call", "team"), pk=pk)
    chosen = request.POST.get("reviewer", "")
    found = next((seat for seat in letter.call.seats.select_related("user") if str(seat.user_id) == chosen), None)
    if found is None:
        return run_page(request, letter.call, Refusal("Nobody was chosen.", next_step="Choose one of the panel."))
    return act_on(
        request,
        letter.call,
        lambda by: review_assign(letter=letter, reviewer=found.user, by=by),
        f"{found.user} is asked to review the letter of {letter.team}.",
    )


@login_required
@require_POST
def release(request: HttpRequest, pk: int) -> HttpResponse:
    require_organiser(request.user)
    found = get_object_or_404(Review.objects.select_related("letter__call", "letter__team", "reviewer"), pk=pk)
    done = f"{found.reviewer} is not asked any more to review the letter of {found.letter.team}."
    return act_on(request, found.letter.call, lambda by: review_release(review=found, by=by), done)


@login_required
@require_safe
@limited("download", reads=True)
def archive(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything of a call that somebody may see, as tables: for organisers and, once it is closed, for who decides."""
    user, found = cast("User", request.user), get_call_for(request.user, slug)
    if not (is_organiser(user) or (found.is_closed and may_decide(user, found))):
        raise PermissionDenied("This is for organisers and, once the call is closed, for those who decide.")
    seen(f"call {slug}, its archive", by=user.pk)
    headers = {"Content-Disposition": f'attachment; filename="{slug}.zip"'}
    return HttpResponse(call_archive(call=found, by=user), content_type="application/zip", headers=headers)
