"""The read-only pages. What they show comes from the selectors, how it is drawn from the figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast
from uuid import UUID

from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from leaderboard.accounts.limits import limited
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.selectors import benchmarks_for, get_terms, main_benchmark, terms_now
from leaderboard.benchmarks.services import benchmark_show
from leaderboard.dashboards.figures.card import card_figures, net_benefits
from leaderboard.dashboards.figures.compare import compare_figures, curve_figures
from leaderboard.dashboards.figures.curves import ppv_figure
from leaderboard.dashboards.figures.transfer import transfer_figures
from leaderboard.dashboards.formatting import prevalence
from leaderboard.dashboards.forms import BoardForm, NeedleForm, SnapshotForm, StageForm
from leaderboard.dashboards.selectors.attributes import attributes_in
from leaderboard.dashboards.selectors.board import Board, Choices, get_board
from leaderboard.dashboards.selectors.card import get_card, group_lines, operating_numbers
from leaderboard.dashboards.selectors.columns import SPECS
from leaderboard.dashboards.selectors.compare import choices_of, compare
from leaderboard.dashboards.selectors.download import board_csv, board_json
from leaderboard.dashboards.selectors.home import front_page
from leaderboard.dashboards.selectors.hospitals import hospital_rows
from leaderboard.dashboards.selectors.ladder import ladder_csv, ladder_json, ladder_lines
from leaderboard.dashboards.selectors.needle import EXAMPLE_SENSITIVITY, EXAMPLE_SPECIFICITY, Impossible, Needle, needle
from leaderboard.dashboards.selectors.sealed import sealed_board, sealed_json
from leaderboard.dashboards.selectors.transfer import Transfer, get_transfer, hospitals_csv, pairs_csv
from leaderboard.dashboards.selectors.two_stage import EXAMPLE as FIRST
from leaderboard.dashboards.selectors.two_stage import EXAMPLE_PREVALENCE as FIRST_PREVALENCE
from leaderboard.dashboards.selectors.two_stage import TwoStages, first_stage, two_stages
from leaderboard.rankings.selectors import being_ranked, get_snapshot

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


def with_figures(view: View) -> View:
    """plotly.js writes styles into its drawings; nonces and hashes do not help everywhere."""
    return cast("View", csp_update({"style-src": ["'unsafe-inline'"]})(view))


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboards/home.html", {"front": front_page(main_benchmark())})


@require_safe
def leaderboards(request: HttpRequest) -> HttpResponse:
    """Straight to the leaderboard where there is one benchmark only."""
    benchmarks = list(benchmarks_for(request.user))
    if len(benchmarks) == 1:
        return redirect("dashboards:leaderboard", benchmarks[0].slug)
    return render(request, "dashboards/leaderboards.html", {"benchmarks": benchmarks})


def board_for(request: HttpRequest, benchmark: Benchmark) -> Board:
    form = BoardForm(request.GET, columns=[(spec.key, spec.name) for spec in SPECS])
    form.is_valid()
    given: dict[str, Any] = form.cleaned_data
    choices = Choices(
        prevalence=given.get("prevalence") or benchmark.prevalence_values[0],
        text=given.get("text", ""),
        ranked_only=given.get("show") == "ranked",
        sort=given.get("sort") or "rank",
        columns=tuple(given.get("columns") or (spec.key for spec in SPECS)),
    )
    number = given.get("snapshot")
    return get_board(benchmark, choices=choices, snapshot=get_snapshot(benchmark, number) if number else None)


@require_safe
def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    if benchmark.is_on_ladder:
        return render(request, "dashboards/ladder.html", {"benchmark": benchmark, "lines": ladder_lines(benchmark)})
    board = board_for(request, benchmark)
    context: dict[str, Any] = {"board": board, "benchmark": benchmark, "calibrated": benchmark.calibration.exists()}
    context["sealed"] = sealed_board(benchmark)
    return render(request, "dashboards/leaderboard.html", context)


@require_safe
@limited("download", reads=True)
def leaderboard_csv(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    if benchmark.is_on_ladder:
        return csv_answer(ladder_csv(ladder_lines(benchmark)), f"{slug}-ladder.csv")
    board = board_for(request, benchmark)
    name = f"{slug}-{board.snapshot.number}.csv" if board.snapshot else f"{slug}.csv"
    return csv_answer(board_csv(board), name)


def csv_answer(content: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


@require_safe
@limited("download", reads=True)
def leaderboard_json(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    board = board_json(board_for(request, benchmark))
    if benchmark.is_on_ladder:
        board["ladder"] = ladder_json(ladder_lines(benchmark))
    if sealed := sealed_board(benchmark):
        board["sealed"] = sealed_json(sealed)
    return JsonResponse(board, json_dumps_params={"indent": 1, "ensure_ascii": False})


@with_figures
@require_safe
def card(request: HttpRequest, pk: UUID) -> HttpResponse:
    if coming := being_ranked(pk):
        benchmark = benchmark_show(slug=coming.benchmark.slug, to=request.user)
        return render(request, "dashboards/card_coming.html", {"submission": coming, "benchmark": benchmark})
    found = get_card(pk)
    benchmark = benchmark_show(slug=found.source.submission.benchmark.slug, to=request.user)
    context = {
        "card": found,
        "benchmark": benchmark,
        "figures": card_figures(found),
        "benefits": net_benefits(found),
        "groups": group_lines(found.source.overall),
        "operating": operating_numbers(found),
    }
    return render(request, "dashboards/card.html", context)


@with_figures
@require_safe
def comparison(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    chosen = list(dict.fromkeys(pk for pk in request.GET.getlist("model") if pk))
    context: dict[str, Any] = {"benchmark": benchmark, "choices": choices_of(benchmark), "chosen": chosen}
    if len(chosen) > 1:
        context["compared"] = compared = compare(benchmark, chosen[:2])
        context["figures"] = compare_figures(compared)
        context["curves"] = curve_figures(compared)
    return render(request, "dashboards/compare.html", context)


def transfer_of(request: HttpRequest, slug: str) -> Transfer:
    """Of the ranking that the address names, or of the newest."""
    form = SnapshotForm(request.GET)
    number = form.cleaned_data["snapshot"] if form.is_valid() else None
    return get_transfer(benchmark_show(slug=slug, to=request.user), number=number)


@with_figures
@require_safe
def transfer(request: HttpRequest, slug: str) -> HttpResponse:
    found = transfer_of(request, slug)
    context = {
        "found": found,
        "benchmark": found.benchmark,
        "figures": transfer_figures(found),
        "attributes": attributes_in(found),
    }
    return render(request, "dashboards/transfer.html", context)


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
