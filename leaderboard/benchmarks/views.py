"""Benchmarks as organisers make them: listed, filled in, looked at as others would see them, published."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import require_organiser
from leaderboard.audit.services import seen
from leaderboard.benchmarks.editing import (
    Baseline,
    Wishes,
    benchmark_hide,
    benchmark_preview,
    benchmark_publish,
    benchmark_save,
)
from leaderboard.benchmarks.fixed import fixed_parts
from leaderboard.benchmarks.forms import OF_PARTS, BenchmarkForm, PrevalenceSet, ReaderSet, Rows, typed
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import PREVALENCES
from leaderboard.benchmarks.shown import benchmark_shown
from leaderboard.lib.errors import Refusal

MORE = 3  # rows at a time


@login_required
@require_safe
def benchmarks(request: HttpRequest) -> HttpResponse:
    require_organiser(request.user)
    seen("benchmarks", by=cast("User", request.user).pk)
    rows = Benchmark.objects.annotate(
        places=Count("cohorts__hospital", distinct=True),
        handed_in=Count("submissions", distinct=True),
        scored=Count("submissions", filter=Q(submissions__evaluation__state="done"), distinct=True),
    )
    return render(request, "benchmarks/list.html", {"benchmarks": rows})


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    require_organiser(request.user)
    return edited(request, Benchmark())


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    require_organiser(request.user)
    return edited(request, get_object_or_404(Benchmark, slug=slug))


def edited(request: HttpRequest, benchmark: Benchmark) -> HttpResponse:
    """Posted with ``act`` "save" it is saved, with "preview" only shown, with "rows" it only gets more blank rows."""
    user = cast("User", request.user)
    seen(f"benchmark {benchmark.slug}, as a form" if benchmark.pk else "a new benchmark", by=user.pk)
    act, title, fixed = request.POST.get("act", "preview"), benchmark.title, fixed_parts(benchmark)
    posted = with_rows(request.POST, act) if request.method == "POST" else None
    form = BenchmarkForm(posted, instance=benchmark, fixed=fixed)
    prevalences = PrevalenceSet(posted, prefix="prevalences", initial=prevalence_rows(benchmark))
    readers = ReaderSet(posted, prefix="readers", initial=reader_rows(benchmark))
    context: dict[str, Any] = {"form": form, "prevalences": prevalences, "readers": readers, "benchmark": benchmark}
    context |= {"title": title, "fixed": bool(fixed.keys() - {"slug"})}
    if posted is None or act == "rows":
        return render(request, "benchmarks/edit.html", context)
    if all([form.is_valid(), prevalences.is_valid(), readers.is_valid()]):
        wishes = wishes_of(form, cast("Rows", prevalences), cast("Rows", readers))
        kept = Benchmark.objects.get(pk=benchmark.pk) if benchmark.pk else Benchmark()
        try:
            if act == "save":
                saved = benchmark_save(benchmark=kept, wishes=wishes, by=user)
                messages.success(request, f"{saved} is saved.")
                return redirect("benchmarks:preview", saved.slug)
            context["shown"] = benchmark_preview(benchmark=kept, wishes=wishes, by=user)
        except Refusal as refusal:
            context["refusal"] = on_fields(form, refusal)
        else:
            return render(request, "benchmarks/edit.html", context)
    return render(request, "benchmarks/edit.html", context, status=422)


def with_rows(posted: QueryDict, act: str) -> QueryDict:
    given = posted.copy()
    for prefix in ("prevalences", "readers") if act == "rows" else ():
        name = f"{prefix}-TOTAL_FORMS"
        total = str(given.get(name, ""))
        if total.isdecimal():
            given[name] = str(int(total) + MORE)
    return given


def on_fields(form: BenchmarkForm, refusal: Refusal) -> Refusal:
    """What was refused is said beside the field that it is about."""
    for fault in refusal.faults:
        name = OF_PARTS.get(fault.where, fault.where)
        form.add_error(name if name in form.fields else None, fault.what)
    return Refusal(refusal.what, why=refusal.why, next_step=refusal.next_step)


def prevalence_rows(benchmark: Benchmark) -> list[dict[str, Any]]:
    found = benchmark.prevalences or PREVALENCES
    return [{"percent": typed(100 * item["value"]), "label": item["label"]} for item in found]


def reader_rows(benchmark: Benchmark) -> list[dict[str, Any]]:
    if benchmark.pk is None:
        return []
    names = ("label", "metric", "stratum", "low", "high", "source", "url")
    rows = list(benchmark.reader_baselines.values(*names))
    return [row | {edge: typed(100 * row[edge]) for edge in ("low", "high")} for row in rows]


def wishes_of(form: BenchmarkForm, prevalences: Rows, readers: Rows) -> Wishes:
    given = form.cleaned_data
    told = [{"value": round(row["percent"] / 100, 12), "label": row["label"]} for row in prevalences.given]
    return Wishes(
        values=form.values | {"prevalences": told},
        cohorts=list(given["cohorts"]),
        calibration=list(given["calibration"]),
        sealed=list(given["sealed"]),
        baselines=[
            Baseline(**row | {edge: round(row[edge] / 100, 12) for edge in ("low", "high")}) for row in readers.given
        ],
    )


@login_required
@require_safe
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """A benchmark that is saved, as teams and the public see it or will."""
    require_organiser(request.user)
    benchmark = get_object_or_404(Benchmark, slug=slug)
    seen(f"benchmark {benchmark.slug}, preview", by=cast("User", request.user).pk)
    context = {"benchmark": benchmark, "shown": benchmark_shown(benchmark), "fixed": benchmark.submissions.exists()}
    return render(request, "benchmarks/preview.html", context)


@login_required
@require_POST
def publish(request: HttpRequest, slug: str) -> HttpResponse:
    """With ``published=on``; without it, only organisers see it again."""
    require_organiser(request.user)
    benchmark, user = get_object_or_404(Benchmark, slug=slug), cast("User", request.user)
    try:
        if request.POST.get("published") == "on":
            benchmark_publish(benchmark=benchmark, by=user)
            said = "is published: teams hand in from now on."
        else:
            benchmark_hide(benchmark=benchmark, by=user)
            said = "is seen by organisers only."
    except Refusal as refusal:
        messages.error(request, " ".join([str(refusal), *(fault.what for fault in refusal.faults)]))
    else:
        messages.success(request, f"{benchmark} {said}")
    return redirect("benchmarks:preview", slug)
