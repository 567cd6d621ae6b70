"""Comparing models, domain transfer, hospitals, and pages that explain."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from leaderboard.accounts.limits import limited
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.selectors import get_terms, main_benchmark, terms_now
from leaderboard.benchmarks.services import benchmark_show
from leaderboard.dashboards.figures.compare import contrasts_of, curve_figures
from leaderboard.dashboards.figures.curves import ppv_figure
from leaderboard.dashboards.figures.transfer import transfer_figures
from leaderboard.dashboards.formatting import prevalence
from leaderboard.dashboards.forms import NeedleForm, StageForm
from leaderboard.dashboards.kept import kept_part
from leaderboard.dashboards.selectors.attributes import attributes_in
from leaderboard.dashboards.selectors.board import made_of
from leaderboard.dashboards.selectors.compare import MOST, choices_of, compare
from leaderboard.dashboards.selectors.hospital import asked_at, asked_of, get_hospital
from leaderboard.dashboards.selectors.hospitals import hospital_rows
from leaderboard.dashboards.selectors.needle import EXAMPLE_SENSITIVITY, EXAMPLE_SPECIFICITY, Impossible, Needle, needle
from leaderboard.dashboards.selectors.transfer import Transfer, get_transfer, hospitals_csv, pairs_csv
from leaderboard.dashboards.selectors.two_stage import EXAMPLE as FIRST
from leaderboard.dashboards.selectors.two_stage import EXAMPLE_PREVALENCE as FIRST_PREVALENCE
from leaderboard.dashboards.selectors.two_stage import TwoStages, first_stage, two_stages
from leaderboard.dashboards.views.common import csv_answer, named_in, with_figures
from leaderboard.hospitals.models import Hospital
from leaderboard.rankings.selectors import newest_snapshot


@with_figures
@require_safe
def comparison(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    chosen = list(dict.fromkeys(pk for pk in request.GET.getlist("model") if pk))[:MOST]
    context: dict[str, Any] = {"benchmark": benchmark, "choices": choices_of(benchmark), "chosen": chosen}
    context["places"] = [*chosen, *[""] * (MOST - len(chosen))]
    snapshot = newest_snapshot(benchmark)
    if len(chosen) > 1:
        if snapshot is None:
            raise Http404("No ranking yet.")

        def compared() -> dict[str, Any]:
            found = compare(benchmark, chosen)
            return {"compared": found, "contrasts": contrasts_of(found), "curves": curve_figures(found)}

        context["body"] = kept_part("dashboards/compare_body.html", compared, chosen, *made_of(benchmark, snapshot))
    return render(request, "dashboards/compare.html", context)


def transfer_of(request: HttpRequest, slug: str) -> Transfer:
    """Of the ranking that the address names, or of the newest."""
    return get_transfer(benchmark_show(slug=slug, to=request.user), name=named_in(request))


@with_figures
@require_safe
def transfer(request: HttpRequest, slug: str) -> HttpResponse:
    found = transfer_of(request, slug)
    benchmark = found.benchmark

    def context() -> dict[str, Any]:
        figures, attributes = transfer_figures(found), attributes_in(found)
        return {"found": found, "benchmark": benchmark, "figures": figures, "attributes": attributes}

    of = made_of(benchmark, found.snapshot) if found.snapshot else (benchmark.pk, benchmark.is_on_ladder)
    body = kept_part("dashboards/transfer_body.html", context, found.is_old, *of)
    return render(request, "dashboards/transfer.html", {"benchmark": benchmark, "body": body})


@require_safe
@limited("download", reads=True)
def transfer_pairs(request: HttpRequest, slug: str) -> HttpResponse:
    return csv_answer(pairs_csv(transfer_of(request, slug)), f"{slug}-pairs.csv")


@require_safe
@limited("download", reads=True)
def transfer_hospitals(request: HttpRequest, slug: str) -> HttpResponse:
    return csv_answer(hospitals_csv(transfer_of(request, slug)), f"{slug}-hospitals.csv")


@require_safe
def hospitals(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboards/hospitals.html", {"hospitals": hospital_rows()})


@require_safe
def hospital(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_hospital(slug)
    counts = hospital_rows(found)
    parts = [asked_part(found, benchmark) for benchmark in asked_of(found)]
    context = {"row": counts.rows[0], "minimum": counts.minimum, "parts": parts}
    return render(request, "dashboards/hospital.html", context)


def asked_part(found: Hospital, benchmark: Benchmark) -> SafeString:
    """How models did there, drawn once a ranking."""
    snapshot = None if benchmark.is_on_ladder else newest_snapshot(benchmark)
    of = made_of(benchmark, snapshot) if snapshot else (benchmark.pk, benchmark.title, benchmark.is_on_ladder)
    return kept_part(
        "dashboards/hospital_asked.html",
        lambda: {"asked": asked_at(found, benchmark, snapshot)},
        found.name,
        benchmark.title,
        *of,
    )


@with_figures
@require_safe
def needle_page(request: HttpRequest) -> HttpResponse:
    """The PPV calculator; without an address of its own it shows the example of the documentation."""
    (found, cancers), (cleared, others) = EXAMPLE_SENSITIVITY, EXAMPLE_SPECIFICITY
    example = {"found": found, "cancers": cancers, "cleared": cleared, "others": others, "prevalence": "0.01 %"}
    before = {
        "first_sensitivity": f"{100 * FIRST.sensitivity:.1f}",
        "first_specificity": f"{100 * FIRST.specificity:.1f}",
    }
    form = NeedleForm({**example, **request.GET.dict()})
    stages = StageForm({**({} if before.keys() & request.GET.keys() else before), **request.GET.dict()})
    context: dict[str, Any] = {"form": form, "stages": stages, "benchmark": main_benchmark()}
    context["example"] = {**before, "prevalence": prevalence(FIRST_PREVALENCE)}
    if form.is_valid():
        given = form.cleaned_data
        result = needle(
            sensitivity=(given["found"], given["cancers"]),
            specificity=(given["cleared"], given["others"]),
            prevalence=given["prevalence"],
        )
        context["result"] = result
        if isinstance(result, Needle):
            context["figure"] = ppv_figure(result.curve, role="model-1", marked=[result.prevalence])
            context["two_stages"] = two_stages_of(stages, given, result)
    return render(request, "dashboards/needle.html", context)


def two_stages_of(form: StageForm, given: dict[str, Any], model: Needle) -> TwoStages | Impossible | None:
    """The model after the first test that the address names; None where it names none, or one that cannot be."""
    if not form.is_valid() or form.cleaned_data["first_sensitivity"] is None:
        return None
    return two_stages(
        first=first_stage(form.cleaned_data["first_sensitivity"], form.cleaned_data["first_specificity"]),
        sensitivity=(given["found"], given["cancers"]),
        specificity=(given["cleared"], given["others"]),
        prevalence=given["prevalence"],
        population=model.people.population,
    )


@require_safe
def numbers(request: HttpRequest) -> HttpResponse:
    return render(request, "docs/numbers.html")


@require_safe
def terms(request: HttpRequest, version: int | None = None) -> HttpResponse:
    now = terms_now()
    return render(request, "docs/terms.html", {"terms": get_terms(version) if version else now, "now": now})
