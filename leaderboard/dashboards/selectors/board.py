"""The leaderboard as a page shows it: rows, columns with their axes, brackets, readers and null entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from evaluator.records import Rate
from evaluator.statistics.mean import mean_of
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.dashboards.selectors.columns import SPECS, Band, Column, Numbers, Spec, make_column
from leaderboard.dashboards.selectors.references import null_rows, reader_bands, reader_rows
from leaderboard.dashboards.selectors.rows import Row
from leaderboard.dashboards.selectors.ties import Group, tie_groups
from leaderboard.rankings.models import Entry, Snapshot
from leaderboard.rankings.selectors import Row as Source
from leaderboard.rankings.selectors import leaderboard

ON_A_CARD = 3  # numbers of a model on a small screen: those chosen, if they are so few


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the address asks for: filters, order, columns, prevalence."""

    prevalence: float
    text: str = ""
    ranked_only: bool = False
    sort: str = "rank"
    columns: tuple[str, ...] = tuple(spec.key for spec in SPECS)


@dataclass(frozen=True, kw_only=True)
class Board:
    benchmark: Benchmark
    snapshot: Snapshot | None
    choices: Choices
    columns: list[Column] = field(default_factory=list)
    ranked: list[Row] = field(default_factory=list)
    unranked: list[Row] = field(default_factory=list)
    readers: list[Row] = field(default_factory=list)
    nulls: list[Row] = field(default_factory=list)
    sources: list[Band] = field(default_factory=list)
    is_old: bool = False

    @property
    def width(self) -> int:
        return 3 + len(self.columns)

    @property
    def names(self) -> list[tuple[str, str]]:
        """For the column picker."""
        return [(spec.key, spec.name) for spec in SPECS]


def get_board(benchmark: Benchmark, *, choices: Choices, snapshot: Snapshot | None = None) -> Board:
    """The rows of a snapshot (the newest, if none is named), filtered and in the order asked for."""
    found = leaderboard(benchmark, snapshot=snapshot)
    if found.snapshot is None:
        return Board(benchmark=benchmark, snapshot=None, choices=choices)
    specs = [spec for spec in SPECS if spec.key in choices.columns] or list(SPECS)
    scores = {item["model"]: item for item in found.snapshot.ranking.get("models", [])}
    groups = bracket(found.rows)
    sources = [row for row in found.rows if _asked_for(row, choices)]
    whole = len(sources) == len(found.rows) and choices.sort == "rank"
    numbers_of = {str(row.submission.pk): number for number, row in enumerate(found.rows, start=1)}
    rows = [
        _row(row, specs, choices, scores, groups=groups if whole else [], position=position, numbers_of=numbers_of)
        for position, row in enumerate(sources)
    ]
    if choices.sort != "rank":
        rows = _sorted(rows, specs, choices.sort)
    nulls = null_rows(found.snapshot, found.rows[0].overall if found.rows else None, specs, choices.prevalence)
    bands = reader_bands(benchmark)
    cells = zip(*(row.cells for row in rows), strict=True) if rows else [()] * len(specs)
    columns = [
        make_column(spec, shown=column, band=bands.get(spec.baseline or ("", "")), prevalence=choices.prevalence)
        for spec, column in zip(specs, cells, strict=True)
    ]
    if len(columns) <= ON_A_CARD:
        columns = [replace(column, essential=True) for column in columns]
    return Board(
        benchmark=benchmark,
        snapshot=found.snapshot,
        choices=choices,
        columns=columns,
        ranked=[row for row in rows if row.kind == "model"],
        unranked=[row for row in rows if row.kind == "unranked"],
        sources=list({band.source: band for band in bands.values()}.values()),
        readers=reader_rows(columns, bands.values()),
        nulls=nulls,
        is_old=found.snapshot.pk != newest_pk(benchmark),
    )


def newest_pk(benchmark: Benchmark) -> int | None:
    rows = Snapshot.objects.filter(benchmark=benchmark, published=True).order_by("-number")
    return rows.values_list("pk", flat=True).first()


def bracket(rows: Sequence[Source]) -> list[Group]:
    ranked = [row for row in rows if row.entry.is_ranked]
    return tie_groups([str(row.submission.pk) for row in ranked], [row.ties for row in ranked])


def _asked_for(row: Source, choices: Choices) -> bool:
    if choices.ranked_only and not row.entry.is_ranked:
        return False
    return choices.text.lower() in f"{row.submission.model} {row.submission.team.name}".lower()


def _change(entry: Entry, previous: Entry | None, number: int) -> str:
    """What is different from the snapshot before."""
    if number == 1:
        return ""
    if previous is None:
        return "new"
    if (previous.rank_low, previous.rank_high) == (entry.rank_low, entry.rank_high):
        return ""
    return (
        f"was {formatting.rank_band(previous.rank_low, previous.rank_high)}" if previous.is_ranked else "was unranked"
    )


def _row(
    row: Source,
    specs: Sequence[Spec],
    choices: Choices,
    scores: Mapping[str, Mapping[str, Any]],
    *,
    groups: Sequence[Group],
    position: int,
    numbers_of: Mapping[str, int],
) -> Row:
    entry, name = row.entry, str(row.submission.pk)
    numbers = entry_numbers(entry, scores.get(name))
    return Row(
        name=row.submission.model,
        team=row.submission.team.label,
        submission=name,
        kind="model" if entry.is_ranked else "unranked",
        number=numbers_of[name],
        rank=formatting.rank_band(entry.rank_low, entry.rank_high),
        change=_change(entry, row.previous, entry.snapshot.number),
        reason=entry.unranked_reason,
        ties=" ".join(str(numbers_of[tied]) for tied in sorted(row.ties) if tied in numbers_of),
        lanes=lanes(groups, position) if entry.is_ranked else (),
        cells=[spec.take(numbers, choices.prevalence) for spec in specs],
    )


def entry_numbers(entry: Entry, ranked: Mapping[str, Any] | None) -> Numbers:
    """The report block of an entry with its place in the ranking."""
    if not entry.is_ranked or ranked is None:
        return Numbers(block=entry.overall)
    hospitals = {name: _number(given) for name, given in ranked["hospitals"].items()}
    return Numbers(
        block=entry.overall,
        score=vars(mean_of(list(hospitals.values()))),
        hospitals=len(hospitals),
        worst=vars(hospitals[entry.worst_hospital]),
        worst_hospital=entry.worst_hospital,
    )


def _number(given: Mapping[str, Any]) -> Rate:
    return Rate(value=given["value"], low=given["low"], high=given["high"], k=None, n=None, method=given["method"])


def lanes(groups: Sequence[Group], position: int) -> list[str]:
    """A row's part of the bracket in each lane."""
    parts = [""] * (1 + max((group.lane for group in groups), default=-1))
    for group in groups:
        parts[group.lane] = group.part(position) or parts[group.lane]
    return parts


def _sorted(rows: Sequence[Row], specs: Sequence[Spec], key: str) -> list[Row]:
    """Best first by one column; what has no number comes last. Brackets hold in the ranking's order only."""
    at = next((index for index, spec in enumerate(specs) if spec.key == key), None)
    if at is None:
        return list(rows)
    sign = 1 if specs[at].fewer_is_better else -1

    def order(row: Row) -> tuple[bool, float]:
        shown = row.cells[at]
        best = shown.value if shown.value is not None else shown.low
        return best is None, sign * (best or 0.0)

    return [replace(row, lanes=()) for row in sorted(rows, key=order)]
