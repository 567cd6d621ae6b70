"""The tables, as text that a note can take as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import median

from tests.benchmarks.measure import Measured
from tests.benchmarks.numbers import Agreement, compare
from tests.benchmarks.plan import COHORT_TABLES, OURS, TABLES, Program, Situation
from tests.benchmarks.targets import judge_memory, judge_ratio, judge_seconds

ALL_TABLES = (*TABLES, *COHORT_TABLES)

HEAD = ("situation", "program", "median", "CPU", "runs", "memory", "ratio to ours", "agreement", "target, or why not")


@dataclass(frozen=True, kw_only=True)
class Row:
    """One program in one situation, and ours in the same."""

    situation: Situation
    program: Program
    measured: Measured
    ours: Measured

    @property
    def is_ours(self) -> bool:
        return self.program.name == OURS

    @property
    def was_kept_waiting(self) -> bool:
        """Whether the process had the core for less than nine tenths of the time."""
        return bool(self.measured.seconds) and sum(self.measured.cpu) < 0.9 * sum(self.measured.seconds)

    @property
    def agreement(self) -> Agreement | None:
        if self.is_ours or self.measured.failure or self.ours.failure:
            return None
        return compare(self.ours.numbers, self.measured.numbers)

    @property
    def agrees(self) -> bool:
        return self.agreement is None or (
            self.agreement.compared > 0 and self.agreement.worst <= self.program.agrees_to
        )

    @property
    def cells(self) -> tuple[str, ...]:
        table, name, seconds = self.situation.table, self.situation.name, self.measured.seconds
        if self.measured.failure:
            return name, self.program.name, "none", "", "0", "", "", "", self.measured.failure
        ratio = median(seconds) / median(self.ours.seconds) if self.ours.seconds else None
        target = ""
        if self.situation.aimed and self.is_ours:
            judged = judge_seconds(table, name, median(seconds)), judge_memory(name, self.measured.memory)
            target = ", ".join(filter(None, judged))
        elif self.situation.aimed and ratio is not None:
            target = judge_ratio(table, self.program.name, ratio)
        return (
            name,
            self.program.name,
            _seconds(median(seconds)),
            _seconds(median(self.measured.cpu)),
            f"{len(seconds)}",
            f"{self.measured.memory / 1e6:,.0f} MB",
            "1" if self.is_ours else "" if ratio is None else _times(ratio),
            self._agreement(),
            target,
        )

    def _agreement(self) -> str:
        found = self.agreement
        if found is None:
            return ""
        worst = f"{found.worst:.1e} ({found.where})" if found.worst else "equal"
        return f"{worst}, {found.compared} numbers{'' if self.agrees else ': DISAGREES'}"


def render(rows: Sequence[Row]) -> str:
    """All rows, a table for each question."""
    ordered = sorted(rows, key=lambda row: ALL_TABLES.index(row.situation.table))
    parts = [
        f"## {title}\n\n{_table(row.cells for row in group)}"
        for title, group in groupby(ordered, key=lambda row: row.situation.table)
    ]
    return "\n\n".join(parts) + "\n"


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    lines = [HEAD, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    padded = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    return "\n".join([padded[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *padded[1:]])


def _times(ratio: float) -> str:
    return f"{ratio:,.0f}×" if ratio >= 100 else f"{ratio:.3g}×"


def _seconds(value: float) -> str:
    return f"{value * 1000:,.1f} ms" if value < 1 else f"{value:,.2f} s"
