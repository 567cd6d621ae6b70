"""The leaderboard, the public report card and the comparison, all from the newest published snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404

from leaderboard.accounts.selectors import Person
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation
from leaderboard.rankings.models import Entry, FinalRanking, Rung, Snapshot
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import get_submission_for


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of the leaderboard. ``ties`` are the submissions that are not significantly different from it."""

    entry: Entry
    submission: Submission
    overall: dict[str, Any]  # the block of the report format: sensitivity, specificity, ppv …
    ties: frozenset[str]
    previous: Entry | None  # the same evaluation in the snapshot before this one


@dataclass(frozen=True, kw_only=True)
class Leaderboard:
    benchmark: Benchmark
    snapshot: Snapshot | None
    rows: list[Row]


@dataclass(frozen=True, kw_only=True)
class ReportCard:
    """One submission's numbers. ``hospitals`` maps a hospital's name to its block."""

    submission: Submission
    evaluation: Evaluation
    entry: Entry
    snapshot: Snapshot
    overall: dict[str, Any]
    hospitals: dict[str, dict[str, Any]]
    ranked: dict[str, Any] | None  # this submission in the ranking: score, rank_set, hospitals, worst_hospital


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Report cards of one benchmark side by side, and the ranking's pairs among them."""

    benchmark: Benchmark
    snapshot: Snapshot
    cards: list[ReportCard]
    pairs: list[dict[str, Any]]


def eligible(benchmark: Benchmark) -> QuerySet[Evaluation]:
    """What a new ranking ranks: done, told to its team, public, not withdrawn; in order of submission."""
    accepted = Submission.State.ACCEPTED
    rows = Evaluation.objects.filter(
        submission__benchmark=benchmark,
        submission__state=accepted,
        submission__public=True,
        state=Evaluation.State.DONE,
    )
    if (last := benchmark.last_batch) is not None:
        rows = rows.filter(state_since__lte=last)
    return rows.order_by("submission__created", "pk")


def newest(benchmark: Benchmark) -> Snapshot | None:
    """The newest snapshot, published or not, without its numbers."""
    return Snapshot.objects.filter(benchmark=benchmark).defer("ranking", "report", "inputs").order_by("-number").first()


def newest_snapshot(benchmark: Benchmark) -> Snapshot | None:
    return Snapshot.objects.filter(benchmark=benchmark, published=True).order_by("-number").first()


def get_snapshot(benchmark: Benchmark, number: int) -> Snapshot:
    """A published snapshot by its number: what a permalink names."""
    snapshot = published(benchmark, number).first()
    if snapshot is None:
        raise Http404("No such ranking.")
    return snapshot


def published(benchmark: Benchmark, number: int | None = None) -> QuerySet[Snapshot]:
    """The snapshots that may be seen, the newest first, or the one of a number."""
    rows = Snapshot.objects.filter(benchmark=benchmark, published=True).order_by("-number")
    return rows if number is None else rows.filter(number=number)


@dataclass(frozen=True, kw_only=True)
class Published:
    """A ranking in the list of a benchmark's, with what changed since the one before it."""

    snapshot: Snapshot
    final: FinalRanking | None
    joined: list[str]
    left: list[str]


def published_rankings(benchmark: Benchmark) -> list[Published]:
    """Newest first."""
    rows = Snapshot.objects.filter(benchmark=benchmark, published=True).defer("ranking", "report", "inputs")
    finals = FinalRanking.objects.defer("archive").in_bulk([row.pk for row in rows], field_name="snapshot_id")
    entered: dict[int, dict[UUID, str]] = {row.pk: {} for row in rows}
    entries = Entry.objects.filter(snapshot__in=rows).order_by("position")
    for snapshot, submission, model in entries.values_list(
        "snapshot", "evaluation__submission", "evaluation__submission__model"
    ):
        entered[snapshot][submission] = model
    before = {row.pk: entered[earlier.pk] for row, earlier in pairwise(rows)}
    return [
        Published(
            snapshot=row,
            final=finals.get(row.pk),
            joined=[name for pk, name in entered[row.pk].items() if pk not in before.get(row.pk, {})],
            left=[name for pk, name in before.get(row.pk, {}).items() if pk not in entered[row.pk]],
        )
        for row in rows
    ]


def get_final(benchmark: Benchmark, number: int) -> FinalRanking:
    """A final ranking with its archive; any other ranking's table of patients does not exist."""
    final = FinalRanking.objects.filter(snapshot__benchmark=benchmark, snapshot__number=number).first()
    if final is None or not final.snapshot.published:
        raise Http404("No such final ranking.")
    return final


def ties_in(ranking: dict[str, Any]) -> dict[str, set[str]]:
    """For each submission, those whose simultaneous interval against it includes 0."""
    ties: dict[str, set[str]] = {}
    for pair in ranking.get("pairs", []):
        if pair["low"] is not None and pair["low"] <= 0 <= pair["high"]:
            ties.setdefault(pair["a"], set()).add(pair["b"])
            ties.setdefault(pair["b"], set()).add(pair["a"])
    return ties


def leaderboard(benchmark: Benchmark, *, snapshot: Snapshot | None = None) -> Leaderboard:
    """The rows of the newest published snapshot, or of the one given, in order of display."""
    rows = Snapshot.objects.defer("report").filter(benchmark=benchmark, published=True).order_by("-number")
    chosen = snapshot or rows.first()
    if chosen is None:
        return Leaderboard(benchmark=benchmark, snapshot=None, rows=[])
    before = rows.filter(number__lt=chosen.number).only("pk").first()
    previous = {entry.evaluation_id: entry for entry in before.entries.defer("overall")} if before else {}
    ties = ties_in(chosen.ranking)
    entries = chosen.entries.select_related("evaluation__submission__team__organisation").defer(
        "evaluation__submission__try_out_log", "evaluation__submission__checks"
    )
    return Leaderboard(
        benchmark=benchmark,
        snapshot=chosen,
        rows=[
            Row(
                entry=entry,
                submission=entry.evaluation.submission,
                overall=entry.overall,
                ties=frozenset(ties.get(str(entry.evaluation.submission_id), ())),
                previous=previous.get(entry.evaluation_id),
            )
            for entry in entries
        ],
    )


def nulls_in(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The null submissions of a ranking, their kind and their block; empty where they were not computed yet."""
    return Snapshot.objects.values_list("report__nulls", flat=True).get(pk=snapshot.pk) or []


def model_in(items: Sequence[dict[str, Any]], submission: Submission) -> dict[str, Any] | None:
    return next((item for item in items if item["model"] == str(submission.pk)), None)


def get_report_card(pk: UUID | str) -> ReportCard:
    """The public report card of a submission in the newest published snapshot; else it does not exist."""
    try:
        submission = Submission.objects.select_related("team", "benchmark").filter(pk=pk).first()
    except ValidationError:
        submission = None
    snapshot = newest_snapshot(submission.benchmark) if submission else None
    if submission is None or snapshot is None:
        raise Http404("No such report card.")
    return card_in(snapshot, submission)


def card_in(snapshot: Snapshot, submission: Submission) -> ReportCard:
    entry = snapshot.entries.select_related("evaluation").filter(evaluation__submission=submission).first()
    report = model_in(snapshot.report["models"], submission)
    if entry is None or report is None:
        raise Http404("No such report card.")
    return ReportCard(
        submission=submission,
        evaluation=entry.evaluation,
        entry=entry,
        snapshot=snapshot,
        overall=report["overall"],
        hospitals=report["hospitals"],
        ranked=model_in(snapshot.ranking["models"], submission),
    )


def get_comparison(benchmark: Benchmark, ids: Sequence[str]) -> Comparison:
    """Two or more submissions of the newest published snapshot, in the order asked for."""
    snapshot = newest_snapshot(benchmark)
    if snapshot is None:
        raise Http404("No ranking yet.")
    try:
        found = Submission.objects.select_related("team", "benchmark").in_bulk([UUID(pk) for pk in dict.fromkeys(ids)])
    except ValueError as error:
        raise Http404("No such submission.") from error
    cards = [card_in(snapshot, submission) for pk in dict.fromkeys(ids) if (submission := found.get(UUID(pk)))]
    chosen = {str(card.submission.pk) for card in cards}
    pairs = [pair for pair in snapshot.ranking["pairs"] if pair["a"] in chosen and pair["b"] in chosen]
    return Comparison(benchmark=benchmark, snapshot=snapshot, cards=cards, pairs=pairs)


def being_ranked(pk: UUID) -> Submission | None:
    """The submission, if it is done at every hospital and its report card comes with the next ranking."""
    submission = Submission.objects.select_related("team", "benchmark").filter(pk=pk).first()
    if submission is None or submission.benchmark.is_on_ladder:
        return None  # there is no card before the final
    if not eligible(submission.benchmark).filter(submission=submission).exists():
        return None
    snapshot = newest_snapshot(submission.benchmark)
    ranked = snapshot is not None and snapshot.entries.filter(evaluation__submission=submission).exists()
    return None if ranked else submission


def get_own_evaluation(user: Person, pk: UUID | str) -> Evaluation | None:
    """The evaluation of one's own submission, None before it was accepted."""
    submission = get_submission_for(user, pk)
    return Evaluation.objects.filter(submission=submission).first()


def rung_of(submission: Submission) -> Rung | None:
    """What the Ladder said of a submission; None where it has not been asked yet."""
    return Rung.objects.filter(evaluation__submission=submission).first()


def released(benchmark: Benchmark) -> list[Rung]:
    """What each team has been shown last, the best first; not of submissions that were taken back."""
    rows = Rung.objects.filter(benchmark=benchmark, released=True).order_by("number")
    best = {rung.team_id: rung for rung in rows.select_related("team", "evaluation__submission")}
    shown = [rung for rung in best.values() if rung.evaluation.submission.state == Submission.State.ACCEPTED]
    return sorted(shown, key=lambda rung: (rung.loss, rung.evaluation.submission.created))
