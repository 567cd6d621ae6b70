"""A hospital's desk: for its data stewards, and for organisers, who decide nothing there."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from leaderboard.accounts.models import User
from leaderboard.audit.services import seen
from leaderboard.evaluations.desk import desk_of, get_message_for
from leaderboard.evaluations.services import submission_approve, submission_refuse
from leaderboard.hospitals.selectors import get_hospital_for, hospitals_of, is_steward
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission


@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """The desk of the one hospital that somebody looks after; of several, the list."""
    found = list(hospitals_of(request.user))
    if len(found) == 1:
        return redirect("desk:hospital", found[0].slug)
    return render(request, "evaluations/desks.html", {"hospitals": found})


@login_required
@never_cache
@require_safe
def hospital(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_hospital_for(request.user, slug)
    seen(f"desk of hospital {found.slug}", by=cast("User", request.user).pk)
    context = {"desk": desk_of(found), "hospital": found, "decides": is_steward(request.user, found)}
    return render(request, "evaluations/desk.html", context)


@login_required
@never_cache
@require_safe
def message(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One message as it arrived: the text that the hospital's key has signed."""
    row = get_message_for(request.user, slug, pk)
    seen(f"message {row.pk} of hospital {slug}", by=cast("User", request.user).pk)
    headers = {
        "Content-Disposition": f'attachment; filename="{slug}-{row.serial}-{row.kind}.json"',
        "X-Content-Type-Options": "nosniff",
    }
    try:
        content = row.content
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("desk:hospital", slug)
    return HttpResponse(content, content_type="application/json", headers=headers)


@login_required
@require_POST
def decide(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    """With ``decision`` "approve" or "refuse", and for a refusal a reason."""
    found = get_hospital_for(request.user, slug)
    if not is_steward(request.user, found):
        raise Http404("For the hospital's data stewards.")
    submission = get_object_or_404(Submission.objects.filter(evaluation__runs__hospital=found).distinct(), pk=pk)
    user = cast("User", request.user)
    try:
        if request.POST.get("decision") == "approve":
            submission_approve(hospital=found, submission=submission, by=user)
            said = f"“{submission.model}” is approved: its runs stand in line."
        else:
            reason = request.POST.get("reason", "")
            submission_refuse(hospital=found, submission=submission, reason=reason, by=user)
            said = f"“{submission.model}” is refused: it does not run here, and what ran of it is stopped."
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("desk:hospital", slug)
