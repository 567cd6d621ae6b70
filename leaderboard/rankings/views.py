"""The list of a benchmark's rankings, and what one can be computed from again."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from leaderboard.accounts.limits import limited
from leaderboard.benchmarks.services import benchmark_show
from leaderboard.rankings.selectors import get_final, published_rankings


@require_safe
def rankings(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    context = {"benchmark": benchmark, "rankings": published_rankings(benchmark)}
    return render(request, "rankings/list.html", context)


@require_safe
@limited("download", reads=True)
def snapshot_zip(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    final = get_final(benchmark_show(slug=slug, to=request.user), number)
    headers = {"Content-Disposition": f'attachment; filename="{slug}-{number}.zip"', "ETag": f'"{final.sha256}"'}
    return HttpResponse(bytes(final.archive), content_type="application/zip", headers=headers)
