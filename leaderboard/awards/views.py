"""Award candidates, for funders: a verdict per criterion, never one composite score; and a team's finalist."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from leaderboard.accounts.limits import limited
from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import require_reviewer
from leaderboard.audit.services import seen
from leaderboard.awards.selectors.candidates_page import CandidatesPage, candidates_page_for
from leaderboard.awards.services import finalist_name
from leaderboard.awards.services.export import candidates_table, evidence_table
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.selectors import get_submission_for

FEWEST, MOST = 2, 4  # candidates side by side


def page_for(request: HttpRequest) -> CandidatesPage | None:
    """What is asked for by ``call`` and ``benchmark``, as this person may see it; None without a benchmark."""
    require_reviewer(request.user)
    seen("award candidates", by=cast("User", request.user).pk)
    return candidates_page_for(
        request.user, call=request.GET.get("call", ""), benchmark=request.GET.get("benchmark", "")
    )


@login_required
@require_safe
def candidates_page(request: HttpRequest) -> HttpResponse:
    return render(request, "awards/candidates.html", {"page": page_for(request)})


@login_required
@require_safe
def side_by_side(request: HttpRequest) -> HttpResponse:
    """Two to four candidates, a column each."""
    page = page_for(request)
    wanted = list(dict.fromkeys(request.GET.getlist("candidate")))
    rows = {str(one.row.submission.pk): one for one in page.known} if page else {}
    chosen = [rows[pk] for pk in wanted if pk in rows]
    context = {"page": page, "chosen": chosen, "fits": FEWEST <= len(chosen) <= MOST, "fewest": FEWEST, "most": MOST}
    return render(request, "awards/side_by_side.html", context)


@login_required
@require_POST
def name_finalist(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = get_submission_for(request.user, pk)
    try:
        finalist_name(submission=submission, by=cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{submission.team} is judged by “{submission.model}”.")
    return redirect("evaluations:submission", pk)


def csv_answer(text: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


@login_required
@require_safe
@limited("download", reads=True)
def candidates_csv(request: HttpRequest) -> HttpResponse:
    """A row per entry and criterion, with the counts the verdict rests on."""
    page = page_for(request)
    if page is None:
        raise Http404("No benchmark is published.")
    return csv_answer(candidates_table(page.found), f"{page.benchmark.slug}-candidates.csv")


@login_required
@require_safe
@limited("download", reads=True)
def evidence_csv(request: HttpRequest) -> HttpResponse:
    """A row per entry and fact: all that stands beside the verdicts."""
    page = page_for(request)
    if page is None:
        raise Http404("No benchmark is published.")
    return csv_answer(evidence_table(page.found, page.known), f"{page.benchmark.slug}-evidence.csv")
