"""The axis in a column's header."""

from __future__ import annotations

from leaderboard.dashboards.axes import positive_axis, proportion_axis, signed_axis
from leaderboard.dashboards.formatting import Unit


def test_a_column_of_proportions_ends_at_one_and_begins_below_its_smallest_number() -> None:
    axis = proportion_axis([0.735, 0.9])
    assert (axis.low, axis.high) == (0.6, 1.0)
    assert [tick.label for tick in axis.ticks] == ["60", "80", "100"]
    assert axis.place(0.8) == 50.0


def test_a_column_of_false_alarms_ends_at_a_round_number_above_its_largest() -> None:
    assert positive_axis([11.3, 265.2], unit=Unit.PER_1000).high == 400


def test_a_column_without_a_single_false_alarm_still_has_an_axis() -> None:
    assert positive_axis([0.0], unit=Unit.PER_1000).high == 1.0


def test_a_column_of_perfect_proportions_still_has_an_axis() -> None:
    axis = proportion_axis([1.0, 1.0])
    assert (axis.low, axis.high, axis.place(1.0)) == (0.8, 1.0, 100.0)


def test_scores_below_zero_are_on_the_axis() -> None:
    axis = signed_axis([-0.091, 0.9])
    assert (axis.low, axis.high) == (-0.5, 1.0)
    assert axis.ticks[0].label == "−0.5"


def test_what_lies_outside_is_drawn_at_the_end() -> None:
    assert proportion_axis([0.8]).place(0.1) == 0.0


def test_an_empty_column_has_the_whole_axis() -> None:
    assert proportion_axis([]).low == 0.0
