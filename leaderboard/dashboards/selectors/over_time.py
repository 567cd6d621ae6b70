"""The state of the art by the date of handing in: which submission was a record when it came, and how surely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise

from evaluator.statistics.compare import compare_paired, holm
from evaluator.statistics.roc import compare_auc
from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Shown
from leaderboard.dashboards.selectors.columns import SPECS, Spec
from leaderboard.dashboards.selectors.pairs import Pairs, paired
from leaderboard.dashboards.selectors.rows import entry_numbers
from leaderboard.dashboards.selectors.transfer import labelled
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import Row, answers_in, leaderboard

MEASURES = ("score", "sensitivity_le20", "sensitivity", "specificity", "auc", "t_sen")
TESTS = {
    "score": "by the ranking’s intervals, which hold for all pairs at once",
    "t_sen": "not at all: tumours of one patient are not independent; the page of domain transfer tells models apart",
    "auc": "by DeLong’s paired test, adjusted by Holm over the records",
}
EXACT = "by the exact McNemar test on the same patients, adjusted by Holm over the records"
LEVEL = 0.05


@dataclass(frozen=True, kw_only=True)
class Point:
    """A ranked submission. ``beyond_doubt``: of a record, significantly better than the one before; None untested."""

    label: str
    submission: str
    when: datetime
    shown: Shown
    record: bool = False
    beats: str = ""
    beyond_doubt: bool | None = None
    p: str = ""

    @property
    def words(self) -> str:
        """What it was when it came."""
        if not self.record:
            return ""
        if not self.beats:
            return "first"
        if self.beyond_doubt is None:
            return f"record, higher than {self.beats}; not tested"
        how = "significantly better than" if self.beyond_doubt else "not significantly different from"
        return f"record, {how} {self.beats}{f' (p {self.p})' if self.p else ''}"


@dataclass(frozen=True, kw_only=True)
class OverTime:
    benchmark: Benchmark
    snapshot: Snapshot | None
    spec: Spec
    points: list[Point] = field(default_factory=list)

    @property
    def records(self) -> list[Point]:
        return [point for point in self.points if point.record]

    @property
    def test(self) -> str:
        return TESTS.get(self.spec.key, EXACT)

    @property
    def measures(self) -> list[tuple[str, str]]:
        """For the choice of what is drawn; small tumours not where strata are kept for the final."""
        kept = self.snapshot is not None and self.snapshot.keeps_strata
        return [(spec.key, spec.name) for spec in measures() if not (kept and spec.key == "sensitivity_le20")]


def measures() -> list[Spec]:
    return [spec for key in MEASURES for spec in SPECS if spec.key == key]


def over_time(benchmark: Benchmark, *, measure: str, snapshot: Snapshot | None = None) -> OverTime:
    """Of the newest ranking, or the one given: every ranked submission by when it was handed in."""
    spec = next((spec for spec in measures() if spec.key == measure), measures()[0])
    found = leaderboard(benchmark, snapshot=snapshot)
    rows = sorted(
        (row for row in found.rows if row.entry.is_ranked), key=lambda row: (row.submission.created, row.submission.pk)
    )
    labels = labelled([(row.submission.model, row.submission.team.name) for row in rows])
    prevalence = benchmark.prevalence_values[0]
    points = [
        Point(
            label=label,
            submission=str(row.submission.pk),
            when=row.submission.created,
            shown=spec.take(entry_numbers(row.entry), prevalence),
        )
        for row, label in zip(rows, labels, strict=True)
    ]
    return OverTime(benchmark=benchmark, snapshot=found.snapshot, spec=spec, points=with_records(points, rows, spec))


def with_records(points: Sequence[Point], rows: Sequence[Row], spec: Spec) -> list[Point]:
    """Higher than everything before it; an equal is no record."""
    marked = list(points)
    holders: list[int] = []
    for at, point in enumerate(points):
        value = point.shown.value
        if value is None:
            continue
        best = points[holders[-1]].shown.value if holders else None
        if best is None or value > best + 1e-12:
            beats = points[holders[-1]].label if holders else ""
            marked[at] = replace(point, record=True, beats=beats)
            holders.append(at)
    for at, (beyond, p) in zip(holders[1:], tests(rows, holders, spec), strict=True):
        marked[at] = replace(marked[at], beyond_doubt=beyond, p=p)
    return marked


def tests(rows: Sequence[Row], holders: Sequence[int], spec: Spec) -> list[tuple[bool | None, str]]:
    """Of each record but the first: whether it is beyond doubt, and the adjusted p-value where there is one."""
    steps = list(pairwise(holders))
    if spec.key == "score":
        return [(str(rows[before].submission.pk) not in rows[at].ties, "") for before, at in steps]
    if spec.key == "t_sen" or not steps:
        return [(None, "") for _ in steps]
    answers = {one.model: one for one in answers_in([rows[at].entry.evaluation for at in holders])}
    exact = []
    for before, at in steps:
        first, second = (answers.get(str(rows[one].submission.pk)) for one in (at, before))
        exact.append(p_value(paired(first, second), spec) if first and second else None)
    adjusted = iter(holm([p for p in exact if p is not None]).tolist() if any(p is not None for p in exact) else ())
    found: list[tuple[bool | None, str]] = []
    for p in exact:
        mine = None if p is None else float(next(adjusted))
        found.append((None, "") if mine is None else (mine < LEVEL, formatting.p_value(mine)))
    return found


def p_value(pairs: Pairs, spec: Spec) -> float | None:
    if spec.key == "auc":
        return compare_auc(pairs.likelihood[0], pairs.likelihood[1], pairs.cancer).p
    mine = pairs.only(~pairs.cancer) if spec.key == "specificity" else pairs.only(pairs.cancer)
    if spec.key == "sensitivity_le20":
        mine = mine.in_stratum("le20")
    return compare_paired(mine.correct[0], mine.correct[1]).p
