"""The front page, the leaderboard, its files, what changed in it, and how it is cited."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from leaderboard.accounts.limits import limited
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.selectors import benchmarks_for, main_benchmark
from leaderboard.benchmarks.services import benchmark_show
from leaderboard.dashboards.figures.over_time import over_time_figure
from leaderboard.dashboards.forms import BoardForm, SnapshotForm
from leaderboard.dashboards.kept import kept, kept_part
from leaderboard.dashboards.selectors.board import Board, Choices, Head, get_board, get_head
from leaderboard.dashboards.selectors.changes import Changes, changes, changes_csv
from leaderboard.dashboards.selectors.cite import Citation, cite
from leaderboard.dashboards.selectors.columns import SPECS
from leaderboard.dashboards.selectors.download import board_csv, board_json
from leaderboard.dashboards.selectors.home import FRONT, Front, front_page, with_size
from leaderboard.dashboards.selectors.ladder import ladder_csv, ladder_json, ladder_lines
from leaderboard.dashboards.selectors.over_time import over_time
from leaderboard.dashboards.selectors.parquet import board_parquet
from leaderboard.dashboards.selectors.sealed import sealed_board, sealed_json
from leaderboard.dashboards.selectors.strata import Stratum, strata_of
from leaderboard.dashboards.views.common import csv_answer, file_answer, named_in, with_figures
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import get_snapshot, newest_snapshot, published, snapshot_as_of


class NotYet(Http404):
    """No ranking was published by the day that the address names."""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboards/home.html", {"front": front_of(main_benchmark())})


def front_of(benchmark: Benchmark | None) -> Front:
    """Counts are counted every time; who leads follows from the ranking."""
    if benchmark is None:
        return front_page(None)
    head = get_head(benchmark, choices=FRONT)
    if head.snapshot is None:
        return with_size(front_page(benchmark))
    return with_size(kept(lambda: front_page(benchmark), "front", *head.made_of))


@require_safe
def leaderboards(request: HttpRequest) -> HttpResponse:
    """Straight to the leaderboard where there is one benchmark only."""
    benchmarks = list(benchmarks_for(request.user))
    if len(benchmarks) == 1:
        return redirect("dashboards:leaderboard", benchmarks[0].slug)
    return render(request, "dashboards/leaderboards.html", {"benchmarks": benchmarks})


def given_in(request: HttpRequest) -> dict[str, Any]:
    """What the address asks for. Of a ranking it names, nothing is guessed: it may be a citation."""
    form = BoardForm(request.GET, columns=[(spec.key, spec.name) for spec in SPECS])
    form.is_valid()
    if {"snapshot", "as_of"} & form.errors.keys():
        raise Http404("No such ranking.")
    return form.cleaned_data


def snapshot_in(given: dict[str, Any], benchmark: Benchmark) -> Snapshot | None:
    """The ranking that the address names, by day, number or ID; None for the newest."""
    if day := given.get("as_of"):
        found = snapshot_as_of(benchmark, day)
        if found is None:
            raise NotYet("No ranking was published by then.")
        return found
    name = given.get("snapshot")
    return get_snapshot(benchmark, name) if name else None


def strata_in(benchmark: Benchmark, snapshot: Snapshot | None) -> list[Stratum]:
    if snapshot is None:
        return []
    return kept(lambda: strata_of(benchmark, snapshot), "strata", benchmark.strata, snapshot.sha256)


def head_for(request: HttpRequest, benchmark: Benchmark) -> Head:
    given = given_in(request)
    choices = Choices(
        prevalence=given.get("prevalence") or benchmark.prevalence_values[0],
        text=given.get("text", ""),
        ranked_only=given.get("show") == "ranked",
        newest_only=given.get("versions") == "newest",
        sort=given.get("sort") or "rank",
        columns=tuple(given.get("columns") or (spec.key for spec in SPECS)),
    )
    head = get_head(benchmark, choices=choices, snapshot=snapshot_in(given, benchmark))
    strata = strata_in(benchmark, head.snapshot)
    return head.with_strata(strata, chosen=given.get("stratum", ""))


def misread(request: HttpRequest) -> str:
    """What is wrong with a prevalence that somebody typed; empty where it was read."""
    form = BoardForm({"prevalence": request.GET.get("prevalence", "")}, columns=[])
    return "" if form.is_valid() else " ".join(map(str, form.errors["prevalence"]))


def board_of(head: Head) -> Board:
    return get_board(head.benchmark, choices=head.choices, snapshot=head.snapshot)


def board_table(request: HttpRequest, head: Head) -> SafeString:
    """Empty where no entry fits."""

    def drawn() -> SafeString:
        board = board_of(head)
        empty = not (board.ranked or board.unranked)
        return SafeString() if empty else render_to_string("dashboards/board_table.html", {"board": board}, request)

    return kept(drawn, "board", head.choices, request.GET.urlencode(), *head.made_of)


def changed_since(head: Head) -> str:
    """A line on what is different from the ranking before; empty for the first."""
    before, now = head.before, head.snapshot
    if before is None or now is None:
        return ""
    return kept(lambda: changes(head.benchmark, earlier=before, later=now).summary, "changed", *head.made_of)


def citation(request: HttpRequest, snapshot: Snapshot, benchmark: Benchmark) -> Citation:
    page = request.build_absolute_uri(reverse("dashboards:leaderboard", args=[benchmark.slug]))
    return cite(snapshot, page=page)


@require_safe
def leaderboard(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    if benchmark.is_on_ladder:
        return render(request, "dashboards/ladder.html", {"benchmark": benchmark, "lines": ladder_lines(benchmark)})
    try:
        head = head_for(request, benchmark)
    except NotYet:
        first = published(benchmark).defer("documents").last()
        return render(request, "dashboards/leaderboard_before.html", {"benchmark": benchmark, "first": first})
    context: dict[str, Any] = {"board": head, "benchmark": benchmark, "calibrated": benchmark.calibration.exists()}
    context["sealed"], context["misread"] = sealed_board(benchmark), misread(request)
    if head.snapshot:
        context["table"] = board_table(request, head)
        context["changed"] = changed_since(head)
        context["citation"] = citation(request, head.snapshot, benchmark)
    return render(request, "dashboards/leaderboard.html", context)


@require_safe
@limited("download", reads=True)
def leaderboard_csv(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    if benchmark.is_on_ladder:
        return csv_answer(ladder_csv(ladder_lines(benchmark)), f"{slug}-ladder.csv")
    board = board_of(head_for(request, benchmark))
    return csv_answer(board_csv(board), f"{file_name(board)}.csv")


def file_name(board: Board) -> str:
    return f"{board.benchmark.slug}-{board.snapshot.number}" if board.snapshot else board.benchmark.slug


@require_safe
@limited("download", reads=True)
def leaderboard_parquet(request: HttpRequest, slug: str) -> HttpResponse:
    """Of a ranking; before the final there is none, and the Ladder's few numbers are a CSV."""
    benchmark = benchmark_show(slug=slug, to=request.user)
    if benchmark.is_on_ladder:
        raise Http404("Nothing is ranked before the final.")
    board = board_of(head_for(request, benchmark))
    return file_answer(board_parquet(board), f"{file_name(board)}.parquet", "application/vnd.apache.parquet")


@require_safe
@limited("download", reads=True)
def leaderboard_json(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    if benchmark.is_on_ladder:
        board = board_json(Board(benchmark=benchmark, snapshot=None, choices=FRONT))
        board["ladder"] = ladder_json(ladder_lines(benchmark))
    else:
        board = board_json(board_of(head_for(request, benchmark)))
    if sealed := sealed_board(benchmark):
        board["sealed"] = sealed_json(sealed)
    return JsonResponse(board, json_dumps_params={"indent": 1, "ensure_ascii": False})


def chosen_snapshot(request: HttpRequest, benchmark: Benchmark) -> Snapshot | None:
    """The ranking that the address names, or the newest; None on the Ladder, where nothing is ranked."""
    if benchmark.is_on_ladder:
        return None
    name = named_in(request)
    return newest_snapshot(benchmark) if name is None else get_snapshot(benchmark, name)


@require_safe
@limited("download", reads=True)
def cite_bib(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    snapshot = chosen_snapshot(request, benchmark)
    if snapshot is None:
        raise Http404("There is no ranking to cite.")
    found = citation(request, snapshot, benchmark)
    return file_answer(found.bibtex, f"{slug}-{snapshot.number}.bib", "application/x-bibtex; charset=utf-8")


def two_rankings(request: HttpRequest, benchmark: Benchmark) -> tuple[Snapshot, Snapshot] | None:
    """The earlier and the later of the two that the address names; the newest two, where it names none."""
    later = chosen_snapshot(request, benchmark)
    if later is None:
        return None
    since = named_in(request, "since")
    rows = published(benchmark).filter(number__lt=later.number)
    earlier = rows.first() if since is None else get_snapshot(benchmark, since)
    if earlier is None or earlier.pk == later.pk:
        return None
    return (earlier, later) if earlier.number < later.number else (later, earlier)


@require_safe
def changed(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    two = two_rankings(request, benchmark)
    context: dict[str, Any] = {"benchmark": benchmark, "form": SnapshotForm(request.GET)}
    context["rankings"] = published(benchmark).only("number", "created") if not benchmark.is_on_ladder else []
    if two is not None:
        earlier, later = two
        head = get_head(benchmark, choices=FRONT, snapshot=later)

        def found() -> dict[str, Any]:
            return {"found": changes(benchmark, earlier=earlier, later=later), "benchmark": benchmark}

        context |= {"earlier": earlier, "later": later}
        context["body"] = kept_part("dashboards/changes_body.html", found, earlier.sha256, *head.made_of)
    return render(request, "dashboards/changes.html", context)


@require_safe
@limited("download", reads=True)
def changed_csv(request: HttpRequest, slug: str) -> HttpResponse:
    benchmark = benchmark_show(slug=slug, to=request.user)
    two = two_rankings(request, benchmark)
    if two is None:
        raise Http404("There are no two rankings.")
    found: Changes = changes(benchmark, earlier=two[0], later=two[1])
    return csv_answer(changes_csv(found), f"{slug}-{two[0].number}-{two[1].number}.csv")


@with_figures
@require_safe
def progress(request: HttpRequest, slug: str) -> HttpResponse:
    """The state of the art over time."""
    benchmark = benchmark_show(slug=slug, to=request.user)
    snapshot = chosen_snapshot(request, benchmark)
    context: dict[str, Any] = {"benchmark": benchmark, "snapshot": snapshot}
    if snapshot is not None:
        measure = request.GET.get("measure", "")
        head = get_head(benchmark, choices=FRONT, snapshot=snapshot)

        def found() -> dict[str, Any]:
            drawn = over_time(benchmark, measure=measure, snapshot=snapshot)
            return {"found": drawn, "figure": over_time_figure(drawn), "benchmark": benchmark}

        context["body"] = kept_part("dashboards/over_time_body.html", found, measure, *head.made_of)
        context["is_old"] = head.is_old
    return render(request, "dashboards/over_time.html", context)
