"""What the models are held against: radiologists as published, and entries that have learnt nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evaluator.statistics.intervals import wilson
from leaderboard.benchmarks.models import Benchmark, ReaderBaseline
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Shown
from leaderboard.dashboards.selectors.columns import Band, Block, Column, Numbers, Spec
from leaderboard.dashboards.selectors.rows import Row
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import nulls_in

NULLS = {
    "all-negative": "Flags nobody",
    "all-positive": "Flags everybody",
    "whole-organ": "Flags everybody, marks the whole organ",
    "random": "Flags at random",
}
COUNTED = ((NULLS["all-positive"], True), (NULLS["all-negative"], False))


def reader_bands(benchmark: Benchmark) -> dict[tuple[str, str], Band]:
    return {
        (row.metric, row.stratum): Band(label=row.label, low=row.low, high=row.high, source=row.source, url=row.url)
        for row in ReaderBaseline.objects.filter(benchmark=benchmark)
    }


def reader_rows(columns: Sequence[Column], bands: Iterable[Band]) -> list[Row]:
    """Radiologists as rows of their own: the published range, drawn as an interval without a point."""
    rows = []
    for label in dict.fromkeys(band.label for band in bands):
        mine = [column.band if column.band and column.band.label == label else None for column in columns]
        if not any(mine):
            continue
        cells = [Shown() if band is None else _range(band) for band in mine]
        rows.append(Row(name=label, kind="reference", cells=cells))
    return rows


def _range(band: Band) -> Shown:
    words = f"{formatting.percent(band.low)}–{formatting.percent(band.high)}"
    return Shown(words=words, low=band.low, high=band.high)


def null_rows(snapshot: Snapshot, block: Block | None, specs: Sequence[Spec], prevalence: float) -> list[Row]:
    """Entries that have learnt nothing, never ranked: computed at the hospitals, on the very patients.

    Until they are, the two that follow from the counts alone.
    """
    found = [(NULLS.get(one["kind"], one["kind"]), one["overall"]) for one in nulls_in(snapshot)]
    if not found and block is not None:
        found = [(name, null_block(block, flagged=flagged)) for name, flagged in COUNTED]
    rows = [
        Row(name=name, kind="null", cells=[spec.take(Numbers(block=one), prevalence) for spec in specs])
        for name, one in found
    ]
    if found and NULLS["whole-organ"] not in dict(found):
        name = f"{NULLS['whole-organ']}: not computed, a hospital’s cohort has no such mask"
        rows.append(Row(name=name, kind="null", cells=[Shown() for _ in specs]))
    return rows


def null_block(block: Block, *, flagged: bool) -> dict[str, Any]:
    """The block of an entry with one answer for all, on the same patients; what is hidden stays hidden."""

    def all_or_none(rate: Mapping[str, Any], right: bool) -> Mapping[str, Any]:
        return rate if rate["n"] is None else vars(wilson(rate["n"] if right else 0, rate["n"]))

    nothing = {"value": None, "low": None, "high": None, "k": None, "n": None, "method": "marks nothing"}
    return {
        "patients": block["patients"],
        "sensitivity": {name: all_or_none(rate, flagged) for name, rate in block["sensitivity"].items()},
        "specificity": all_or_none(block["specificity"], not flagged),
        "auc": {**nothing, "value": 0.5},
        "t_sen": {"all": nothing},
        "dsc": nothing,
    }
