"""Limits of a mean, recovered from the limits of its parts."""

from __future__ import annotations

import pytest

from evaluator.records import Rate
from evaluator.statistics.mean import mean_of


def part(value: float | None, low: float | None = None, high: float | None = None) -> Rate:
    return Rate(value=value, low=low, high=high, k=None, n=None, method="given")


def test_the_limits_of_two_equal_parts_are_narrower_by_the_square_root_of_two() -> None:
    found = mean_of([part(0.5, 0.3, 0.9), part(0.5, 0.3, 0.9)])
    assert (found.value, found.low, found.high) == pytest.approx((0.5, 0.5 - 0.2 / 2**0.5, 0.5 + 0.4 / 2**0.5))


def test_one_part_keeps_its_own_limits() -> None:
    found = mean_of([part(0.2, -0.1, 0.4)])
    assert (found.value, found.low, found.high) == pytest.approx((0.2, -0.1, 0.4))


def test_zou_and_donner_sum_the_squares_of_each_distance() -> None:
    # (0.9 − 0.6)² + (0.5 − 0.1)² = 0.25 and (1.0 − 0.9)² + (0.74 − 0.5)² = 0.0676, by hand
    found = mean_of([part(0.9, 0.6, 1.0), part(0.5, 0.1, 0.74)])
    assert (found.low, found.high) == pytest.approx((0.7 - 0.5 / 2, 0.7 + 0.26 / 2))


def test_a_part_without_limits_leaves_the_mean_without_limits() -> None:
    found = mean_of([part(0.4, 0.2, 0.6), part(0.6)])
    assert found.value == pytest.approx(0.5)
    assert (found.low, found.high) == (None, None)


def test_no_part_is_no_patients() -> None:
    assert mean_of([part(None)]).method == "no patients"
