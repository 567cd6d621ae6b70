"""The documentation: what to read for whom, in plain words, the contract, how a hospital joins."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from leaderboard.benchmarks.selectors import main_benchmark
from leaderboard.dashboards.selectors.home import example
from leaderboard.dashboards.selectors.joining import cohort_columns
from leaderboard.dashboards.selectors.needle import EXAMPLE_SENSITIVITY, EXAMPLE_SPECIFICITY
from leaderboard.evaluations.told import failures_told
from leaderboard.submissions.services import limits_of


@require_safe
def documentation(request: HttpRequest) -> HttpResponse:
    return render(request, "docs/index.html", {"benchmark": main_benchmark()})


@require_safe
def families(request: HttpRequest) -> HttpResponse:
    found, cleared = (100 * k // n for k, n in (EXAMPLE_SENSITIVITY, EXAMPLE_SPECIFICITY))
    return render(request, "docs/families.html", {"needle": example(), "found": found, "cleared": cleared})


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
