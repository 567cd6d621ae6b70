"""What is different between two rankings: who came and went, whose rank band moved, whose numbers changed, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from leaderboard.benchmarks.models import Benchmark
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Shown
from leaderboard.dashboards.selectors.columns import SPECS
from leaderboard.dashboards.selectors.rows import entry_numbers
from leaderboard.dashboards.selectors.transfer import labelled
from leaderboard.lib.cells import csv_text
from leaderboard.rankings.models import Entry, Snapshot
from leaderboard.submissions.models import Submission

NEW, GONE, MOVED, NUMBERS, SAME = "new", "gone", "moved", "numbers", "same"
WORDS = {NEW: "new", GONE: "gone", MOVED: "rank band moved", NUMBERS: "numbers changed", SAME: "as before"}
HEADS = ("model", "team", "submission", "what", "rank_before", "rank_after", "number", "before", "after")


@dataclass(frozen=True, kw_only=True)
class Other:
    """A number that is another now."""

    name: str
    before: Shown
    after: Shown


@dataclass(frozen=True, kw_only=True)
class Change:
    """One submission in both rankings, or in one of them."""

    label: str
    team: str
    submission: str
    kinds: Sequence[str]
    before: str = "–"
    after: str = "–"
    numbers: Sequence[Other] = ()

    @property
    def words(self) -> str:
        return ", ".join(WORDS[kind] for kind in self.kinds)


@dataclass(frozen=True, kw_only=True)
class Changes:
    """Of two rankings of a benchmark; ``why`` are sentences on what they were made of."""

    benchmark: Benchmark
    earlier: Snapshot
    later: Snapshot
    lines: list[Change] = field(default_factory=list)
    why: list[str] = field(default_factory=list)

    def count(self, kind: str) -> int:
        return sum(kind in line.kinds for line in self.lines)

    @property
    def changed(self) -> list[Change]:
        return [line for line in self.lines if line.kinds != (SAME,)]

    @property
    def same(self) -> int:
        return self.count(SAME)

    @property
    def summary(self) -> str:
        """In a line: "1 new, 2 gone, 3 rank bands moved, 4 with other numbers"."""
        said = [
            f"{many} {words if many > 1 else one}"
            for kind, one, words in (
                (NEW, "new", "new"),
                (GONE, "gone", "gone"),
                (MOVED, "rank band moved", "rank bands moved"),
                (NUMBERS, "with other numbers", "with other numbers"),
            )
            if (many := self.count(kind))
        ]
        return ", ".join(said) or "nothing changed"


def changes(benchmark: Benchmark, *, earlier: Snapshot, later: Snapshot) -> Changes:
    """In the order of the later ranking, then who is in it no more."""
    before, after = entries_of(earlier), entries_of(later)
    both = [*after, *(pk for pk in before if pk not in after)]
    submissions = [(after.get(pk) or before[pk]).evaluation.submission for pk in both]
    names = labelled([(submission.model, submission.team.name) for submission in submissions])
    prevalence = benchmark.prevalence_values[0]
    return Changes(
        benchmark=benchmark,
        earlier=earlier,
        later=later,
        lines=[
            _change(label, submission, before.get(pk), after.get(pk), prevalence)
            for label, submission, pk in zip(names, submissions, both, strict=True)
        ],
        why=reasons(earlier, later),
    )


def entries_of(snapshot: Snapshot) -> dict[int, Entry]:
    """By evaluation, in order of display."""
    rows = snapshot.entries.select_related("evaluation__submission__team__organisation").order_by("position")
    heavy = ("counts", "ties", "evaluation__operating_point", "evaluation__submission__try_out_log")
    return {entry.evaluation_id: entry for entry in rows.defer(*heavy, "evaluation__submission__scan_report")}


def _band(entry: Entry | None) -> str:
    if entry is None:
        return "–"
    return formatting.rank_band(entry.rank_low, entry.rank_high) if entry.is_ranked else "not ranked"


def _change(label: str, submission: Submission, before: Entry | None, after: Entry | None, prevalence: float) -> Change:
    numbers: list[Other] = []
    if before is None or after is None:
        kinds = [NEW if before is None else GONE]
    else:
        numbers = others(before, after, prevalence)
        kinds = [MOVED] if _band(before) != _band(after) else []
        kinds += [NUMBERS] if numbers else []
    return Change(
        label=label,
        team=submission.team.label,
        submission=str(submission.pk),
        kinds=tuple(kinds) or (SAME,),
        before=_band(before),
        after=_band(after),
        numbers=numbers,
    )


def others(before: Entry, after: Entry, prevalence: float) -> list[Other]:
    """The leaderboard's numbers that are written otherwise now."""
    was, now = entry_numbers(before), entry_numbers(after)
    pairs = [(spec.name, spec.take(was, prevalence), spec.take(now, prevalence)) for spec in SPECS]
    return [Other(name=name, before=one, after=two) for name, one, two in pairs if one.sentence != two.sentence]


def reasons(earlier: Snapshot, later: Snapshot) -> list[str]:
    """Cohorts that came and went, and rules and versions that are others."""
    was, now = cohorts_in(earlier), cohorts_in(later)
    said = [f"{name} was added." for name in sorted(now - was)] + [
        f"{name} was left out." for name in sorted(was - now)
    ]
    for title, old, new in (
        ("Rule", earlier.rules, later.rules),
        ("Version", earlier.versions, later.versions),
    ):
        said += [
            f"{title} “{name.replace('_', ' ')}”: {_value(old.get(name))} before, {_value(new.get(name))} now."
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
    return said


def cohorts_in(snapshot: Snapshot) -> set[str]:
    """Held-out cohorts that anybody in it was scored on, by name and version."""
    return {
        f"{one['hospital']}, {one['cohort']} {one['version']}"
        for submission in snapshot.inputs["submissions"]
        for one in submission["cohorts"]
        if not one["calibrates"]
    }


def _value(value: object) -> str:
    return "none" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def changes_csv(found: Changes) -> str:
    """A line for each number that changed, and one for each submission of which none did."""
    rows = []
    for line in found.lines:
        own = (line.label, line.team, line.submission, line.words, line.before, line.after)
        rows += [(*own, one.name, one.before.sentence, one.after.sentence) for one in line.numbers] or [
            (*own, "", "", "")
        ]
    return csv_text([HEADS, *rows])
