"""The leaderboard as a page shows it: rows, columns with their axes, brackets, readers and null entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards.selectors.columns import SPECS, Band, Column, Spec, make_column
from leaderboard.dashboards.selectors.references import null_rows, reader_bands, reader_rows
from leaderboard.dashboards.selectors.rows import Names, Row, make_row
from leaderboard.dashboards.selectors.strata import Stratum, narrowed
from leaderboard.dashboards.selectors.ties import Group, tie_groups
from leaderboard.dashboards.selectors.versions import History, history
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import Row as Source
from leaderboard.rankings.selectors import leaderboard, published

ON_A_CARD = 3  # numbers of a model on a small screen: those chosen, if they are so few
NAME = "name"  # a column that can be sorted by and is no metric


@dataclass(frozen=True, kw_only=True)
class Choices:
    """What the address asks for: filters, order, columns, prevalence, stratum. ``sort`` after a minus: worst first."""

    prevalence: float
    text: str = ""
    ranked_only: bool = False
    newest_only: bool = False
    sort: str = "rank"
    stratum: Stratum | None = None
    columns: tuple[str, ...] = tuple(spec.key for spec in SPECS)

    @property
    def sorted_by(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def turned(self) -> bool:
        return self.sort.startswith("-")

    @property
    def specs(self) -> list[Spec]:
        """The columns to show, narrowed to the stratum; all of them where none is chosen."""
        return narrowed([spec for spec in SPECS if spec.key in self.columns] or SPECS, self.stratum)


@dataclass(frozen=True, kw_only=True)
class Head:
    """A leaderboard without its rows. ``made_of``: all that the rows follow from, beside the choices."""

    benchmark: Benchmark
    snapshot: Snapshot | None
    choices: Choices
    before: Snapshot | None = None
    is_old: bool = False
    made_of: tuple[object, ...] = ()
    strata: Sequence[Stratum] = ()

    def with_strata(self, strata: Sequence[Stratum], *, chosen: str) -> Head:
        """Narrowed to the stratum of a key, if there is one."""
        stratum = next((one for one in strata if one.key == chosen), None)
        return replace(self, strata=strata, choices=replace(self.choices, stratum=stratum))

    @property
    def names(self) -> list[tuple[str, str]]:
        """For the column picker."""
        return [(spec.key, spec.name) for spec in SPECS]


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

    @property
    def width(self) -> int:
        return 3 + len(self.columns)

    @property
    def sorted_by(self) -> str:
        """In words, where the order is not the ranking's."""
        names = {column.key: column.name for column in self.columns} | {NAME: "name"}
        name = names.get(self.choices.sorted_by)
        turned = ", turned round" if self.choices.turned else ""
        return f"{name}{turned}" if name else ""


def get_head(benchmark: Benchmark, *, choices: Choices, snapshot: Snapshot | None = None) -> Head:
    """Of a snapshot (the newest, if none is named), in a few queries whatever its size."""
    rows = published(benchmark).defer("documents")
    newest = rows.first()
    chosen = snapshot or newest
    if chosen is None or newest is None:
        return Head(benchmark=benchmark, snapshot=None, choices=choices)
    before = rows.filter(number__lt=chosen.number).first()
    return Head(
        benchmark=benchmark,
        snapshot=chosen,
        choices=choices,
        before=before,
        is_old=chosen.pk != newest.pk,
        made_of=(*made_of(benchmark, chosen), before and before.sha256, history(benchmark)),
    )


def made_of(benchmark: Benchmark, snapshot: Snapshot) -> tuple[object, ...]:
    """What a drawing of a ranking follows from: the frozen numbers, and what may change beside them."""
    names = snapshot.entries.order_by("position").values_list(
        "evaluation__submission",
        "evaluation__submission__model",
        "evaluation__submission__team__name",
        "evaluation__submission__team__organisation__name",
    )
    readers = benchmark.reader_baselines.values_list("label", "metric", "stratum", "low", "high", "source", "url")
    return (
        benchmark.pk,
        snapshot.pk,
        snapshot.sha256,
        list(names),
        list(readers),
        benchmark.prevalences,
        benchmark.strata,
        benchmark.accepted_alarms,
        benchmark.keeps_strata,
        benchmark.is_on_ladder,
    )


def get_board(benchmark: Benchmark, *, choices: Choices, snapshot: Snapshot | None = None) -> Board:
    """The rows of a snapshot (the newest, if none is named), filtered and in the order asked for."""
    found = leaderboard(benchmark, snapshot=snapshot)
    if found.snapshot is None:
        return Board(benchmark=benchmark, snapshot=None, choices=choices)
    specs, known = choices.specs, history(benchmark)
    groups = bracket(found.rows)
    sources = asked_for(found.rows, choices, known)
    whole = len(sources) == len(found.rows) and choices.sort == "rank"
    names = Names(
        numbers={str(row.submission.pk): number for number, row in enumerate(found.rows, start=1)}, history=known
    )
    rows = [
        make_row(row, specs, choices.prevalence, names=names, groups=groups if whole else [], position=position)
        for position, row in enumerate(sources)
    ]
    rows = in_order(rows, specs, choices)
    nulls = null_rows(found.snapshot, found.rows[0].overall if found.rows else None, specs, choices.prevalence)
    bands = reader_bands(benchmark)
    cells = zip(*(row.cells for row in rows), strict=True) if rows else [()] * len(specs)
    columns = [
        make_column(spec, shown=column, band=bands.get(spec.baseline or ("", "")), prevalence=choices.prevalence)
        for spec, column in zip(specs, cells, strict=True)
    ]
    few = len(columns) <= ON_A_CARD
    columns = [replace(one, essential=few or one.essential or one.key == choices.sorted_by) for one in columns]
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
    )


def newest_pk(benchmark: Benchmark) -> int | None:
    rows = Snapshot.objects.filter(benchmark=benchmark, published=True).order_by("-number")
    return rows.values_list("pk", flat=True).first()


def bracket(rows: Sequence[Source]) -> list[Group]:
    ranked = [row for row in rows if row.entry.is_ranked]
    return tie_groups([str(row.submission.pk) for row in ranked], [row.ties for row in ranked])


def asked_for(rows: Sequence[Source], choices: Choices, known: History) -> list[Source]:
    """Those that the filters leave."""
    newest = known.newest([row.submission.pk for row in rows]) if choices.newest_only else None
    text = choices.text.lower()
    return [
        row
        for row in rows
        if not (choices.ranked_only and not row.entry.is_ranked)
        and (newest is None or row.submission.pk in newest)
        and text in f"{row.submission.model} {row.submission.team.name}".lower()
    ]


def in_order(rows: Sequence[Row], specs: Sequence[Spec], choices: Choices) -> list[Row]:
    """Best first by one column; what has no number comes last, either way round.

    A row keeps the rank that it has, and loses its brackets: they hold in the ranking's order only.
    """
    key, turn = choices.sorted_by, -1 if choices.turned else 1
    if key == "rank":
        return list(rows) if turn > 0 else [replace(row, lanes=()) for row in reversed(rows)]
    if key == NAME:
        by_name = sorted(rows, key=lambda row: (row.name.lower(), row.submission), reverse=turn < 0)
        return [replace(row, lanes=()) for row in by_name]
    at = next((index for index, spec in enumerate(specs) if spec.key == key), None)
    if at is None:
        return list(rows)
    sign = turn if specs[at].fewer_is_better else -turn

    def order(row: Row) -> tuple[bool, float]:
        shown = row.cells[at]
        best = shown.value if shown.value is not None else shown.low
        return best is None, sign * (best or 0.0)

    return [replace(row, lanes=()) for row in sorted(rows, key=order)]
