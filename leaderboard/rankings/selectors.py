"""The leaderboard, the public report card and the comparison, all from the newest published snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import Http404

from evaluator.ranking import Entry as Answers
from evaluator.ranking import entry_of, read_patients, unpack
from evaluator.records import CaseRecord
from leaderboard.accounts.models import Team
from leaderboard.accounts.selectors import Person
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation
from leaderboard.evaluations.selectors import results_of
from leaderboard.lib import documents
from leaderboard.rankings.models import Entry, EvaluationNumbers, FinalRanking, Rung, Snapshot
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
    """One submission's numbers. ``hospitals`` maps a hospital's name to its block.

    A private one is of no ranking: ``snapshot`` is None, and its entry was never entered.
    """

    submission: Submission
    evaluation: Evaluation
    entry: Entry
    snapshot: Snapshot | None
    report: dict[str, Any]  # `evaluator.report.ModelReport`
    ranked: dict[str, Any] | None  # this submission in the ranking: score, rank_set, hospitals, worst_hospital
    made: datetime

    @property
    def overall(self) -> dict[str, Any]:
        found: dict[str, Any] = self.report["overall"]
        return found

    @property
    def hospitals(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.report["hospitals"]
        return found

    @property
    def keeps_strata(self) -> bool:
        return self.submission.benchmark.keeps_strata if self.snapshot is None else self.snapshot.keeps_strata


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
    return Snapshot.objects.filter(benchmark=benchmark).order_by("-number").first()


def newest_snapshot(benchmark: Benchmark) -> Snapshot | None:
    return Snapshot.objects.filter(benchmark=benchmark, published=True).order_by("-number").first()


def get_snapshot(benchmark: Benchmark, name: int | str) -> Snapshot:
    """A published snapshot by what a permalink names: its number, or its ID or how that begins."""
    snapshot = published(benchmark, name).defer("documents").first()
    if snapshot is None:
        raise Http404("No such ranking.")
    return snapshot


def snapshot_as_of(benchmark: Benchmark, day: date) -> Snapshot | None:
    """The newest that was published by the end of a day (UTC); None where there was none yet."""
    end = datetime.combine(day, time.max, tzinfo=UTC)
    return published(benchmark).filter(created__lte=end).defer("documents").first()


def published(benchmark: Benchmark, name: int | str | None = None) -> QuerySet[Snapshot]:
    """The snapshots that may be seen, the newest first; only those of a number, or whose ID begins so.

    ``is_final`` says whether one is published for good, ``last_final`` is the number of the newest that is.
    """
    finals = FinalRanking.objects.filter(snapshot__benchmark=benchmark, snapshot__published=True)
    numbers = finals.order_by("-snapshot__number").values("snapshot__number")
    rows = Snapshot.objects.filter(benchmark=benchmark, published=True).order_by("-number")
    rows = rows.annotate(is_final=Exists(finals.filter(snapshot=OuterRef("pk"))), last_final=Subquery(numbers[:1]))
    if name is None:
        return rows
    return rows.filter(number=name) if isinstance(name, int) else rows.filter(sha256__startswith=name)


@dataclass(frozen=True, kw_only=True)
class Published:
    """A ranking in the list of a benchmark's, with what changed since the one before it."""

    snapshot: Snapshot
    final: FinalRanking | None
    joined: list[str]
    left: list[str]


def published_rankings(benchmark: Benchmark) -> list[Published]:
    """Newest first."""
    rows = Snapshot.objects.filter(benchmark=benchmark, published=True).defer("documents")
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


def leaderboard(benchmark: Benchmark, *, snapshot: Snapshot | None = None) -> Leaderboard:
    """The rows of the newest published snapshot, or of the one given, in order of display."""
    rows = published(benchmark).defer("documents")
    chosen = snapshot or rows.first()
    if chosen is None:
        return Leaderboard(benchmark=benchmark, snapshot=None, rows=[])
    before = rows.filter(number__lt=chosen.number).only("pk").first()
    ranks = ("evaluation_id", "rank_low", "rank_high", "snapshot_id")
    previous = {entry.evaluation_id: entry for entry in before.entries.only(*ranks)} if before else {}
    entries = list(
        chosen.entries.select_related("evaluation__submission__team__organisation").defer(
            "counts",
            "evaluation__operating_point",
            "evaluation__submission__try_out",
            "evaluation__submission__try_out_log",
            "evaluation__submission__scan_report",
            "evaluation__submission__checks",
        )
    )
    at = {entry.position: str(entry.evaluation.submission_id) for entry in entries}
    return Leaderboard(
        benchmark=benchmark,
        snapshot=chosen,
        rows=[
            Row(
                entry=entry,
                submission=entry.evaluation.submission,
                overall=entry.overall,
                ties=frozenset(at[position] for position in entry.ties if position in at),
                previous=previous.get(entry.evaluation_id),
            )
            for entry in entries
        ],
    )


def nulls_in(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The null submissions of a ranking, their kind and their block; empty where they were not computed yet."""
    return snapshot.beside.get("nulls") or []


def model_in(items: Sequence[dict[str, Any]], submission: Submission) -> dict[str, Any] | None:
    return next((item for item in items if item["model"] == str(submission.pk)), None)


def get_entry(pk: UUID | str) -> Entry:
    """A submission's line in the newest published snapshot; else it does not exist."""
    try:
        submission = Submission.objects.select_related("benchmark").filter(pk=pk).first()
    except ValidationError:
        submission = None
    snapshot = newest_snapshot(submission.benchmark) if submission else None
    if snapshot is None:
        raise Http404("No such report card.")
    related = ("evaluation__submission__team__organisation", "evaluation__submission__benchmark")
    entry = snapshot.entries.filter(evaluation__submission=submission).select_related(*related).first()
    if entry is None:
        raise Http404("No such report card.")
    entry.snapshot = snapshot
    return entry


def get_report_card(pk: UUID | str) -> ReportCard:
    """The public report card of a submission in the newest published snapshot; else it does not exist."""
    entry = get_entry(pk)
    return card_in(entry.snapshot, entry.evaluation.submission)


def card_in(snapshot: Snapshot, submission: Submission) -> ReportCard:
    entry = snapshot.entries.select_related("evaluation").filter(evaluation__submission=submission).first()
    report = snapshot.report_of(str(submission.pk))
    if entry is None or report is None:
        raise Http404("No such report card.")
    return ReportCard(
        submission=submission,
        evaluation=entry.evaluation,
        entry=entry,
        snapshot=snapshot,
        report=report,
        ranked=model_in(snapshot.ranking["models"], submission),
        made=snapshot.created,
    )


def private_card(evaluation: Evaluation, numbers: EvaluationNumbers) -> ReportCard:
    """Of a submission that is in no ranking, from its own numbers: what its team and organisers may see."""
    entry = Entry(
        evaluation=evaluation, position=0, overall=numbers.overall, unranked_reason="It is private, and in no ranking."
    )
    return ReportCard(
        submission=evaluation.submission,
        evaluation=evaluation,
        entry=entry,
        snapshot=None,
        report=documents.read_json(numbers.report),
        ranked=None,
        made=numbers.made,
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


def answers_of(numbers: Sequence[EvaluationNumbers]) -> list[Answers]:
    """Of each evaluation who was answered how, at every hospital; a cohort's patients are in memory once."""

    @cache
    def patients(digest: str) -> tuple[CaseRecord, ...]:
        return read_patients(documents.read(digest))

    return [unpack(documents.read(row.answers), patients=patients) for row in numbers]


def answers_in(evaluations: Sequence[Evaluation]) -> list[Answers]:
    """The same, in the order given; of rankings older than the columns from the case results themselves."""
    rows = EvaluationNumbers.objects.filter(evaluation__in=evaluations).order_by("made")
    known = {row.evaluation_id: row for row in rows.only("evaluation", "answers")}
    if all(evaluation.pk in known for evaluation in evaluations):
        return answers_of([known[evaluation.pk] for evaluation in evaluations])
    return [entry_of([found]) for evaluation in evaluations if (found := results_of(evaluation)) is not None]


def get_own_evaluation(user: Person, pk: UUID | str) -> Evaluation | None:
    """The evaluation of one's own submission, None before it was accepted."""
    submission = get_submission_for(user, pk)
    return Evaluation.objects.filter(submission=submission).first()


def rung_of(submission: Submission) -> Rung | None:
    """What the Ladder said of a submission; None where it has not been asked yet."""
    return Rung.objects.filter(evaluation__submission=submission).first()


def climber(team: Team) -> str:
    """Who climbs the Ladder with this team: its organisation, if that was verified, or it alone."""
    return f"organisation {team.organisation_id}" if team.organisation_id else f"team {team.pk}"


def released(benchmark: Benchmark) -> list[Rung]:
    """What each team, or verified organisation, has been shown: its best on the patients of now, the best first.

    Not of submissions that were taken back.
    """
    rows = Rung.objects.filter(benchmark=benchmark, released=True).order_by("pk")
    best: dict[str, Rung] = {}
    for rung in rows.select_related("team__organisation", "evaluation__submission"):
        known = best.get(climber(rung.team))
        if known is None or known.test_set != rung.test_set or rung.loss <= known.loss:
            best[climber(rung.team)] = rung
    shown = [rung for rung in best.values() if rung.evaluation.submission.state == Submission.State.ACCEPTED]
    return sorted(shown, key=lambda rung: (rung.loss, rung.evaluation.submission.created))
