"""Award candidates, for funders: a verdict per criterion, never one composite score."""

from __future__ import annotations

import csv

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from leaderboard.accounts.selectors import require_reviewer
from leaderboard.awards.selectors import candidates
from leaderboard.benchmarks.selectors import main_benchmark


@login_required
@require_safe
def candidates_page(request: HttpRequest) -> HttpResponse:
    require_reviewer(request.user)
    benchmark = main_benchmark()
    found = candidates(benchmark=benchmark) if benchmark else None
    return render(request, "awards/candidates.html", {"benchmark": benchmark, "candidates": found})


@login_required
@require_safe
def candidates_csv(request: HttpRequest) -> HttpResponse:
    """A row per entry and criterion, with the counts the verdict rests on."""
    require_reviewer(request.user)
    benchmark = main_benchmark()
    if benchmark is None:
        raise Http404("No benchmark is published.")
    found = candidates(benchmark=benchmark)
    name = f"{benchmark.slug}-candidates.csv"
    response = HttpResponse(
        content_type="text/csv; charset=utf-8", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
    table = csv.writer(response)
    table.writerow(["ranking", "model", "team", "criterion", "goal", "verdict", "k", "n", "value", "low", "high", "p"])
    number = found.snapshot.number if found.snapshot else ""
    for row in found.rows:
        for one in row.judgements:
            rate = one.verdict.rate
            table.writerow(
                [
                    number,
                    row.submission.model,
                    row.submission.team,
                    one.criterion.label,
                    one.criterion.goal,
                    one.verdict.verdict,
                    rate.k,
                    rate.n,
                    rate.value,
                    rate.low,
                    rate.high,
                    one.verdict.p,
                ]
            )
    return response
