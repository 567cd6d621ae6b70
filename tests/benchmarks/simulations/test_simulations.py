"""What an interval says of itself, put to the test: few replicates here, many with --long simulations."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from tests.benchmarks.simulations.coverage import Coverage
from tests.benchmarks.simulations.run import all_tables, render


def least(share: float, replicates: int) -> float:
    """Four standard errors below what is promised: the seeds are fixed, so this says how far chance could reach."""
    return share - 4 * math.sqrt(share * (1 - share) / replicates)


def check(intervals: list[Coverage], sets: list[tuple[Coverage, Coverage]]) -> None:
    for row in intervals:
        # Wilson's coverage is 95 % on average over rates and may be 83 % at a bad one; the exact one never is below.
        promised = 0.95 if row.what.startswith("Clopper") else 0.83
        assert row.share >= least(promised, row.replicates), row.what
    for row, _ in sets:
        assert row.share >= least(0.95, row.replicates), row.what


def test_intervals_and_rank_sets_hold_the_truth_as_often_as_they_promise(
    record_property: Callable[[str, object], None],
) -> None:
    intervals, sets = all_tables(replicates=200, ranked=40, draws=500)
    check(intervals, sets)
    assert sets[1][1].share > 0.5  # the plainly worst is told from the best, though the others are tied
    record_property("rows", len(intervals))


@pytest.mark.long("simulations")
def test_many_replicates_too(record_property: Callable[[str, object], None]) -> None:
    intervals, sets = all_tables(replicates=20_000, ranked=2_000, draws=2_000)
    record_property("shown", render(intervals) + "\n\n" + render(row for pair in sets for row in pair))
    check(intervals, sets)
