"""Brackets join neighbours none of whom differ significantly."""

from __future__ import annotations

import numpy as np

from leaderboard.dashboards.selectors.ties import Group, tie_groups


def groups(names: str, *tied: str) -> list[tuple[int, int, int]]:
    ties: list[set[str]] = [
        {other for pair in tied if name in pair for other in pair if other != name} for name in names
    ]
    return [(group.first, group.last, group.lane) for group in tie_groups(list(names), ties)]


def test_models_that_all_differ_have_no_bracket() -> None:
    assert groups("abc") == []


def test_three_that_are_tied_with_one_another_share_a_bracket() -> None:
    assert groups("abcd", "ab", "bc", "ac") == [(0, 2, 0)]


def test_being_tied_is_not_handed_on() -> None:
    assert groups("abc", "ab", "bc") == [(0, 1, 0), (1, 2, 1)]


def test_a_bracket_that_lies_in_another_is_not_drawn() -> None:
    assert groups("abcd", "ab", "ac", "bc", "bd", "cd") == [(0, 2, 0), (1, 3, 1)]


def test_brackets_that_do_not_meet_share_a_lane() -> None:
    assert groups("abcd", "ab", "cd") == [(0, 1, 0), (2, 3, 0)]


def test_nobody_has_no_bracket() -> None:
    assert tie_groups([], []) == []


def test_a_row_shows_its_part() -> None:
    group = Group(first=1, last=3, lane=0)
    assert [group.part(position) for position in range(5)] == ["", "on first", "on", "on last", ""]


def test_every_tied_pair_of_neighbours_is_under_a_bracket_and_no_other_pair() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        tied = np.triu(rng.random((7, 7)) < 0.6, 1)
        tied |= tied.T
        names = [str(n) for n in range(7)]
        found = tie_groups(names, [{names[o] for o in np.flatnonzero(row)} for row in tied])
        for group in found:
            inside = range(group.first, group.last + 1)
            assert all(tied[a, b] for a in inside for b in inside if a != b)
        for a in range(6):
            assert any(g.first <= a and a + 1 <= g.last for g in found) == tied[a, a + 1]
