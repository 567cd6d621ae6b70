"""A line of the leaderboard's table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Shown
from leaderboard.dashboards.selectors.columns import Numbers, Spec
from leaderboard.dashboards.selectors.ties import Group
from leaderboard.dashboards.selectors.versions import History
from leaderboard.rankings.models import Entry
from leaderboard.rankings.selectors import Row as Source


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line. ``number`` names it for the tie marks; ``lanes`` are its parts of the brackets."""

    name: str
    cells: Sequence[Shown]
    team: str = ""
    submission: str = ""
    kind: str = "model"
    number: int = 0
    rank: str = ""
    change: str = ""
    reason: str = ""
    ties: str = ""
    version: str = ""
    lanes: Sequence[str] = ()

    @property
    def tied(self) -> str:
        """In words, for who does not see what pointing at it marks."""
        many = len(self.ties.split())
        return f"not significantly different from {many} other{'' if many == 1 else 's'}" if many else ""


@dataclass(frozen=True, kw_only=True)
class Names:
    """What lines of one table share: the number that each submission's line has, and its versions."""

    numbers: Mapping[str, int]
    history: History


def make_row(
    row: Source, specs: Sequence[Spec], prevalence: float, *, names: Names, groups: Sequence[Group], position: int
) -> Row:
    entry, name = row.entry, str(row.submission.pk)
    numbers = entry_numbers(entry)
    return Row(
        name=row.submission.model,
        team=row.submission.team.label,
        submission=name,
        kind="model" if entry.is_ranked else "unranked",
        number=names.numbers[name],
        rank=formatting.rank_band(entry.rank_low, entry.rank_high),
        change=_change(entry, row.previous, entry.snapshot.number),
        reason=entry.unranked_reason,
        ties=" ".join(str(names.numbers[tied]) for tied in sorted(row.ties) if tied in names.numbers),
        version=_behind(row, names.history),
        lanes=lanes(groups, position) if entry.is_ranked else (),
        cells=[spec.take(numbers, prevalence) for spec in specs],
    )


def _behind(row: Source, history: History) -> str:
    """Its version, and the submissions that its team used: a best of many is no best of one."""
    used = history.used(row.submission.pk)
    said = f"of {used} submissions" if used > 1 else ""
    return ", ".join(filter(None, (history.version(row.submission.pk).words, said)))


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


def entry_numbers(entry: Entry) -> Numbers:
    """The report block of an entry with its place in the ranking."""
    if not entry.is_ranked or not entry.transfer:
        return Numbers(block=entry.overall)
    return Numbers(
        block=entry.overall,
        score=entry.transfer["score"],
        hospitals=entry.transfer["hospitals"],
        worst=entry.transfer["worst"],
        worst_patients=entry.transfer.get("worst_patients"),
        worst_hospital=entry.worst_hospital,
    )


def lanes(groups: Sequence[Group], position: int) -> list[str]:
    """A row's part of the bracket in each lane."""
    parts = [""] * (1 + max((group.lane for group in groups), default=-1))
    for group in groups:
        parts[group.lane] = group.part(position) or parts[group.lane]
    return parts
