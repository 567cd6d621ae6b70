"""The documentation: what to read for whom, the contract, how a hospital joins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from leaderboard.benchmarks.selectors import main_benchmark
from leaderboard.dashboards.selectors.joining import cohort_columns
from leaderboard.evaluations.told import failures_told
from leaderboard.submissions.services import limits_of


@require_safe
def documentation(request: HttpRequest) -> HttpResponse:
    return render(request, "docs/index.html", {"benchmark": main_benchmark()})


@require_safe
def contract(request: HttpRequest) -> HttpResponse:
    benchmark = main_benchmark()
    limits = limits_of(benchmark, gpus=benchmark.gpus) if benchmark else None
    return render(
        request, "docs/contract.html", {"benchmark": benchmark, "limits": limits, "failures": failures_told()}
    )


@require_safe
def joining(request: HttpRequest) -> HttpResponse:
    return render(request, "docs/joining.html", {"columns": cohort_columns()})
