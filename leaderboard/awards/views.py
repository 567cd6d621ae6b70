"""Award candidates, for funders: a verdict per criterion, never one composite score; and a team's finalist."""

from __future__ import annotations

import csv
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
from leaderboard.awards.selectors import candidates
from leaderboard.awards.services import finalist_name
from leaderboard.benchmarks.selectors import main_benchmark
from leaderboard.lib.cells import cell
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.selectors import get_submission_for


@login_required
@require_safe
def candidates_page(request: HttpRequest) -> HttpResponse:
    require_reviewer(request.user)
    benchmark = main_benchmark()
    seen("award candidates", by=cast("User", request.user).pk)
    found = candidates(benchmark=benchmark) if benchmark else None
    return render(request, "awards/candidates.html", {"benchmark": benchmark, "candidates": found})


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


@login_required
@require_safe
@limited("download", reads=True)
def candidates_csv(request: HttpRequest) -> HttpResponse:
    """A row per entry and criterion, with the counts the verdict rests on."""
    require_reviewer(request.user)
    benchmark = main_benchmark()
    if benchmark is None:
        raise Http404("No benchmark is published.")
    seen("award candidates", by=cast("User", request.user).pk)
    found = candidates(benchmark=benchmark)
    name = f"{benchmark.slug}-candidates.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    table = csv.writer(response)
    heads = ["ranking", "model", "team", "criterion", "goal", "verdict", "k", "n", "value", "low", "high", "p"]
    table.writerow([*heads, "finalist", "all_criteria", "p_both", "p_adjusted", "at_new_hospitals"])
    number = found.snapshot.number if found.snapshot else ""
    for row in found.rows:
        for one in row.judgements:
            rate = one.verdict.rate
            table.writerow(
                [
                    number,
                    cell(row.submission.model),
                    cell(row.submission.team.name),
                    one.criterion.label,
                    one.criterion.goal,
                    one.verdict.verdict,
                    rate.k,
                    rate.n,
                    rate.value,
                    rate.low,
                    rate.high,
                    one.verdict.p,
                    "yes" if row.named else "no",
                    row.verdict or "unranked",
                    row.p,
                    row.finalist.p_adjusted if row.finalist else "",
                    row.elsewhere,
                ]
            )
    return response
