"""What the models are held against: radiologists as published, and two entries that look at no scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evaluator.statistics.intervals import wilson
from leaderboard.benchmarks.models import Benchmark, ReaderBaseline
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Shown
from leaderboard.dashboards.selectors.columns import Band, Block, Column, Numbers, Spec
from leaderboard.dashboards.selectors.rows import Row


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


def null_rows(block: Block, specs: Sequence[Spec], prevalence: float) -> list[Row]:
    """Two entries that look at no scan: flag everybody, flag nobody. What beats them has learnt something."""
    everybody = Numbers(block=null_block(block, flagged=True))
    nobody = Numbers(block=null_block(block, flagged=False))
    return [
        Row(name=name, kind="null", cells=[spec.take(numbers, prevalence) for spec in specs])
        for name, numbers in (("Flags everybody", everybody), ("Flags nobody", nobody))
    ]


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
