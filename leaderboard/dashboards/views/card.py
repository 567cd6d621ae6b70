"""Report cards: public ones, and private ones for the team and organisers; as pages and as PDF."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.http.response import FileResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import slugify
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from leaderboard.accounts.limits import limited
from leaderboard.accounts.models import User
from leaderboard.audit.services import seen
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import benchmark_show
from leaderboard.dashboards.figures.card import card_figures, net_benefits
from leaderboard.dashboards.kept import kept_part
from leaderboard.dashboards.selectors.board import made_of
from leaderboard.dashboards.selectors.card import Card, get_card, group_lines, operating_numbers
from leaderboard.dashboards.selectors.versions import History, history
from leaderboard.dashboards.services import card_pdf
from leaderboard.dashboards.views.common import with_figures
from leaderboard.lib.errors import Refusal
from leaderboard.lib.pdf import NotPrinted
from leaderboard.lib.turns import Busy
from leaderboard.rankings.models import Entry
from leaderboard.rankings.selectors import ReportCard, being_ranked, card_in, get_entry, private_card
from leaderboard.rankings.services import private_numbers
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import get_submission_for, said_of

PDF_SECONDS = 30


def context_of(found: Card, benchmark: Benchmark) -> dict[str, Any]:
    return {
        "card": found,
        "benchmark": benchmark,
        "figures": card_figures(found),
        "benefits": net_benefits(found),
        "groups": group_lines(found.source.overall),
        "operating": operating_numbers(found),
    }


def beside(submission: Submission, known: History) -> tuple[object, ...]:
    """What a card follows from beside its numbers: its versions, and what its team says."""
    pk = submission.pk
    return (pk, known.version(pk), known.used(pk), [(row.pk, row.text) for row in said_of(submission).values()])


def made_of_public(entry: Entry, benchmark: Benchmark, known: History) -> tuple[object, ...]:
    submission = entry.evaluation.submission
    return (*beside(submission, known), entry.evaluation.is_marked, *made_of(benchmark, entry.snapshot))


@with_figures
@require_safe
def card(request: HttpRequest, pk: UUID) -> HttpResponse:
    if coming := being_ranked(pk):
        benchmark = benchmark_show(slug=coming.benchmark.slug, to=request.user)
        return render(request, "dashboards/card_coming.html", {"submission": coming, "benchmark": benchmark})
    entry = get_entry(pk)
    submission = entry.evaluation.submission
    benchmark = benchmark_show(slug=submission.benchmark.slug, to=request.user)
    known = history(benchmark)

    def context() -> dict[str, Any]:
        return context_of(get_card(card_in(entry.snapshot, submission), known), benchmark)

    body = kept_part("dashboards/card_body.html", context, *made_of_public(entry, benchmark, known))
    given = {"submission": submission, "benchmark": benchmark, "body": body}
    return render(request, "dashboards/card.html", given)


@require_safe
@limited("report-card", reads=True)
def pdf(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    entry = get_entry(pk)
    submission = entry.evaluation.submission
    benchmark = benchmark_show(slug=submission.benchmark.slug, to=request.user)
    known = history(benchmark)
    of = ("public", *made_of_public(entry, benchmark, known))
    return pdf_answer(request, submission, of, lambda: get_card(card_in(entry.snapshot, submission), known))


def pdf_answer(
    request: HttpRequest, submission: Submission, of: tuple[object, ...], make: Callable[[], Card]
) -> HttpResponseBase:
    page = request.build_absolute_uri(reverse("dashboards:leaderboard", args=[submission.benchmark.slug]))
    try:
        path = card_pdf(made_of=of, card=make, address=page)
    except (Busy, NotPrinted) as refusal:
        answer = render(request, "429.html", {"refusal": refusal}, status=refusal.status)
        answer.headers["Retry-After"] = str(PDF_SECONDS)
        return answer
    name = f"{slugify(submission.model) or 'model'}-report-card.pdf"
    return FileResponse(path.open("rb"), filename=name, content_type="application/pdf")


def private_source(request: HttpRequest, submission: Submission) -> ReportCard | None:
    """Its numbers, None while they are counted. Raises a `Refusal` where nothing may be told."""
    seen(f"report card of submission {submission.pk}", by=cast("User", request.user).pk)
    evaluation = getattr(submission, "evaluation", None)
    if evaluation is None:
        raise Refusal("There is no report card of it.", why="It was run at no hospital yet.")
    numbers = private_numbers(evaluation=evaluation)
    return private_card(evaluation, numbers) if numbers else None


def made_of_private(source: ReportCard, known: History) -> tuple[object, ...]:
    benchmark = source.submission.benchmark
    readers = benchmark.reader_baselines.values_list("label", "metric", "stratum", "low", "high", "source", "url")
    shown = (benchmark.strata, benchmark.prevalences, benchmark.keeps_strata, source.submission.team.label)
    marked = source.evaluation.is_marked
    return (
        "private",
        *beside(source.submission, known),
        source.made,
        source.submission.model,
        marked,
        shown,
        list(readers),
    )


@with_figures
@login_required
@never_cache
@require_safe
def private(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same page for a submission that is not public. Of a public one the page that everybody sees."""
    submission = get_submission_for(request.user, pk)
    if submission.public:
        return redirect("dashboards:card", pk)
    benchmark = submission.benchmark
    context: dict[str, Any] = {"submission": submission, "benchmark": benchmark, "private": True}
    try:
        source = private_source(request, submission)
    except Refusal as refusal:
        return render(request, "dashboards/card_private_none.html", context | {"refusal": refusal})
    if source is None:
        return render(request, "dashboards/card_coming.html", context)
    known = history(benchmark)
    body = kept_part(
        "dashboards/card_body.html",
        lambda: context_of(get_card(source, known), benchmark),
        *made_of_private(source, known),
    )
    return render(request, "dashboards/card.html", context | {"body": body})


@login_required
@never_cache
@require_safe
@limited("report-card", reads=True)
def private_pdf(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    submission = get_submission_for(request.user, pk)
    if submission.public:
        return redirect("dashboards:card-pdf", pk)
    try:
        source = private_source(request, submission)
    except Refusal as refusal:
        raise Http404(str(refusal)) from refusal
    if source is None:
        return redirect("dashboards:private-card", pk)
    known = history(submission.benchmark)
    return pdf_answer(request, submission, made_of_private(source, known), lambda: get_card(source, known))
