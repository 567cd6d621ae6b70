"""The reviewer's desk, declaring, reviewing, the discussion, and the decision."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import require_reviewer
from leaderboard.audit.services import seen
from leaderboard.awards.forms import CommentForm, DecisionForm, DeclarationForm, ReviewForm
from leaderboard.awards.models import Declaration, Letter, Review
from leaderboard.awards.models.calls import State
from leaderboard.awards.selectors.calls import may_decide, recusal_reasons, seat_of, shown
from leaderboard.awards.selectors.desk import desk_of
from leaderboard.awards.selectors.evidence import of_letter
from leaderboard.awards.selectors.reviews import locked_reviews
from leaderboard.awards.selectors.standing import Undeclared, find_letter, get_letter_for, may_discuss
from leaderboard.awards.services import (
    comment_add,
    decision_make,
    declaration_make,
    review_lock,
    review_save,
    review_take,
)
from leaderboard.lib.errors import Refusal


@login_required
@never_cache
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    require_reviewer(request.user)
    user = cast("User", request.user)
    seen("review desk", by=user.pk)
    return render(request, "awards/desk.html", {"desk": desk_of(user)})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def declare(request: HttpRequest, pk: int) -> HttpResponse:
    """Who is behind the letter, and nothing else of it: enough to know whether there is a conflict."""
    user, refusal = cast("User", request.user), None
    found, standing = find_letter(user, pk)
    form = DeclarationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        conflict = form.cleaned_data["conflict"] == "yes"
        try:
            declaration_make(letter=found, conflict=conflict, reason=form.cleaned_data["reason"], by=user)
        except Refusal as error:
            refusal = error
        else:
            if conflict:
                messages.success(request, f"You are recused. Nothing about {found.team} is shown to you any more.")
                return redirect("awards:desk")
            messages.success(request, f"Noted: no conflict with {found.team}.")
            return redirect("awards:letter", pk)
    seen(f"letter {pk}, whose it is", by=user.pk)
    context = {
        "letter": found,
        "standing": standing.name,
        "members": found.team.members.order_by("name"),
        "declaration": Declaration.objects.filter(letter=found, user=user).first(),
        "form": form,
        "refusal": refusal,
    }
    return render(request, "awards/declare.html", context, status=422 if request.method == "POST" else 200)


@login_required
@never_cache
@require_safe
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        return letter_page(request, get_letter_for(request.user, pk))
    except Undeclared:
        return redirect("awards:declare", pk)


def letter_page(
    request: HttpRequest, found: Letter, *, refusal: Refusal | None = None, at: str = "", form: Form | None = None
) -> HttpResponse:
    """The letter with all that this person may see of it now. ``at`` is the part whose ``form`` was refused."""
    user = cast("User", request.user)
    seen(f"letter {found.pk}", by=user.pk)
    call = shown([found.call])[0]
    discussed = may_discuss(user, found)
    decision = getattr(found, "decision", None)
    discussing = call.state is State.DISCUSSION and discussed and decision is None
    context: dict[str, Any] = {
        "letter": found,
        "call": found.call,
        "shown": call,
        "version": found.versions.first(),
        "groups": of_letter(found),
        "recused": recusal_reasons(found.call).get(found.pk),
        "own": Review.objects.filter(letter=found, reviewer=user).first(),
        "seat": seat_of(user, found.call),
        "in_review": call.state is State.REVIEW,
        "discussed": discussed,
        "reviews": locked_reviews(found) if discussed else (),
        "comments": found.comments.select_related("by") if discussed else (),
        "discussing": discussing,
        "decides": discussing and may_decide(user, found.call),
        "decision": decision if discussed else None,
        "comment_form": form if at == "comment" else CommentForm(),
        "decision_form": form if at == "decision" else DecisionForm(),
        "refusal": refusal,
        "at": at,
    }
    return render(request, "awards/letter.html", context, status=422 if at else 200)


@login_required
@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    user = cast("User", request.user)
    try:
        found = get_letter_for(user, pk)
        review_take(letter=found, by=user)
    except Undeclared:
        return redirect("awards:declare", pk)
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("awards:letter", pk)
    return redirect("awards:review", pk)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """One's own review: a draft until it is locked, then to be read."""
    user, refusal = cast("User", request.user), None
    try:
        found = get_letter_for(user, pk)
    except Undeclared:
        return redirect("awards:declare", pk)
    own = Review.objects.filter(letter=found, reviewer=user).select_related("letter__call", "letter__team").first()
    if own is None:
        messages.info(request, "You have no review of this letter yet.")
        return redirect("awards:letter", pk)
    form = ReviewForm(request.POST or None, instance=own)
    if request.method == "POST" and form.is_valid():
        lock = request.POST.get("act") == "lock"
        try:
            (review_lock if lock else review_save)(review=own, by=user, **form.cleaned_data)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, "Your review is locked." if lock else "The draft is kept. Nobody else sees it.")
            return redirect("awards:letter", pk) if lock else redirect("awards:review", pk)
    seen(f"letter {pk}, its review by user {user.pk}", by=user.pk)
    context = {"letter": found, "call": found.call, "review": own, "form": form, "refusal": refusal}
    return render(request, "awards/review.html", context, status=422 if request.method == "POST" else 200)


@login_required
@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    return said(request, pk, "comment", CommentForm(request.POST))


@login_required
@require_POST
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    return said(request, pk, "decision", DecisionForm(request.POST))


def said(request: HttpRequest, pk: int, at: str, form: Form) -> HttpResponse:
    """A part of the letter's page was filled in; refused, the page comes back with it."""
    user, refusal = cast("User", request.user), None
    try:
        found = get_letter_for(user, pk)
    except Undeclared:
        return redirect("awards:declare", pk)
    if form.is_valid():
        try:
            (comment_add if at == "comment" else decision_make)(letter=found, by=user, **form.cleaned_data)
        except Refusal as error:
            refusal = error
        else:
            messages.success(request, "Said." if at == "comment" else f"Decided. {found.team} is told.")
            return redirect("awards:letter", pk)
    return letter_page(request, found, refusal=refusal, at=at, form=form)
