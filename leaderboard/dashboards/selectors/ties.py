"""Tie groups: runs of neighbours in the ranking among whom no pair is significantly different, as brackets."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Group:
    """Positions ``first`` to ``last`` of the ranked rows, drawn in its own lane."""

    first: int
    last: int
    lane: int

    def part(self, position: int) -> str:
        """What a row shows of the bracket: "", "on", "on first", "on last" or "on first last"."""
        if not self.first <= position <= self.last:
            return ""
        parts = ["on", "first" if position == self.first else "", "last" if position == self.last else ""]
        return " ".join(part for part in parts if part)


def tie_groups(names: Sequence[str], ties: Sequence[Set[str]]) -> list[Group]:
    """Maximal runs of at least two neighbours that are all tied with one another.

    Parameters
    ----------
    names : sequence of str
        Models in order of display.
    ties : sequence of set of str
        For each, the models that are not significantly different from it.

    Returns
    -------
    list of Group
        From the top; overlapping groups lie in different lanes.
    """
    runs: list[tuple[int, int]] = []
    start = 0
    for last, name in enumerate(names):
        different = [position for position in range(start, last) if name not in ties[position]]
        if different:
            runs.append((start, last - 1))
            start = different[-1] + 1
    runs.append((start, len(names) - 1))
    groups: list[Group] = []
    ends: list[int] = []
    for first, last in runs:
        if last <= first:
            continue
        lane = next((lane for lane, end in enumerate(ends) if end < first), len(ends))
        ends[lane : lane + 1] = [last]
        groups.append(Group(first=first, last=last, lane=lane))
    return groups
