"""Freezing and publishing a benchmark's rankings, step by step: what the commands do, as buttons."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import require_organiser
from leaderboard.audit.services import record, seen
from leaderboard.awards.models import Closing, Finalist
from leaderboard.awards.services import finalists_close, finalists_run_sealed
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Run
from leaderboard.lib import bell
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import published_rankings
from leaderboard.rankings.services import final_open, ranking_publish_final


@login_required
@require_safe
def final(request: HttpRequest, slug: str) -> HttpResponse:
    require_organiser(request.user)
    benchmark = get_object_or_404(Benchmark, slug=slug)
    seen(f"final of {benchmark.slug}", by=cast("User", request.user).pk)
    sealed = Run.objects.filter(sealed=True, evaluation__submission__benchmark=benchmark)
    context = {
        "benchmark": benchmark,
        "rankings": published_rankings(benchmark),
        "finalists": Finalist.objects.filter(benchmark=benchmark).select_related("submission", "team"),
        "closing": Closing.objects.filter(benchmark=benchmark).first(),
        "sealed": benchmark.sealed.count(),
        "sealed_runs": sealed.count(),
        "sealed_open": sealed.filter(state__in=Run.OPEN).count(),
    }
    return render(request, "operations/final.html", context)


@login_required
@require_POST
def rank(request: HttpRequest, slug: str) -> HttpResponse:
    """Have a ranking made and frozen now; where nothing has changed, there is none to make."""

    def act(benchmark: Benchmark, by: User) -> str:
        bell.ring("rankings.snapshot", benchmark.pk)
        record("ranking.asked", f"benchmark {benchmark.slug}", by=by.pk)
        return "A worker looks whether anything has changed, and freezes a new ranking if so."

    return done(request, slug, act)


@login_required
@require_POST
def publish(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """Publish a ranking for good, with its table of patients."""

    def act(benchmark: Benchmark, by: User) -> str:
        snapshot = get_object_or_404(Snapshot, benchmark=benchmark, number=number)
        found = ranking_publish_final(snapshot=snapshot, by=by)
        return f"Ranking {number} is final as {found.record_id}."

    return done(request, slug, act)


@login_required
@require_POST
def open_final(request: HttpRequest, slug: str) -> HttpResponse:
    def act(benchmark: Benchmark, by: User) -> str:
        final_open(benchmark=benchmark, by=by)
        return "The final is open: everything is shown, and the full ranking is being made."

    return done(request, slug, act)


@login_required
@require_POST
def close_finalists(request: HttpRequest, slug: str) -> HttpResponse:
    def act(benchmark: Benchmark, by: User) -> str:
        finalists_close(benchmark=benchmark, by=by)
        return "The list of finalists is closed."

    return done(request, slug, act)


@login_required
@require_POST
def run_sealed(request: HttpRequest, slug: str) -> HttpResponse:
    def act(benchmark: Benchmark, by: User) -> str:
        runs = finalists_run_sealed(benchmark=benchmark, by=by)
        return f"{len(runs)} runs on the sealed cohorts are in line or done."

    return done(request, slug, act)


def done(request: HttpRequest, slug: str, act: Callable[[Benchmark, User], str]) -> HttpResponse:
    """Each is said to be for good on the page, and takes a ticked box that says it was read."""
    require_organiser(request.user)
    benchmark = get_object_or_404(Benchmark, slug=slug)
    if request.POST.get("sure") != "on":
        messages.error(request, "Nothing was done. Tick that you are sure: it cannot be taken back.")
        return redirect("operations:final", slug)
    try:
        said = act(benchmark, cast("User", request.user))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, said)
    return redirect("operations:final", slug)
