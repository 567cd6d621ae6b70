"""What an interval says of itself, put to the test: few replicates here, many with --long simulations."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from tests.benchmarks.simulations.attack import boosting
from tests.benchmarks.simulations.coverage import Coverage
from tests.benchmarks.simulations.run import FULL, SMALL, Tables, all_tables, as_html, render

FALSE_ALARMS, POWER = 0.05, 0.8
# Where hospitals differ, Laplace's variance between few of them is too small: measured, and said on the page.
NEW_HOSPITAL = 0.87


def least(share: float, replicates: int) -> float:
    """Four standard errors below what is promised: the seeds are fixed, so this says how far chance could reach."""
    return share - 4 * math.sqrt(share * (1 - share) / replicates)


def most(share: float, replicates: int) -> float:
    return share + 4 * math.sqrt(share * (1 - share) / replicates)


def check(tables: Tables) -> None:
    for row in tables.intervals:
        # Wilson's coverage is 95 % on average over rates and may be 83 % at a bad one; the exact one never is below.
        promised = 0.95 if row.what.startswith("Clopper") else 0.83
        assert row.share >= least(promised, row.replicates), row.what
    for row, _ in tables.sets:
        assert row.share >= least(0.95, row.replicates), row.what
    for verdict, reversal in tables.groups:
        if "no dependence" in verdict.what:
            assert verdict.share <= most(FALSE_ALARMS, verdict.replicates), verdict.what
            assert reversal.share <= most(FALSE_ALARMS, reversal.replicates), reversal.what
        elif "× 100 " not in verdict.what:  # 100 are named as too few for the reversal itself
            assert verdict.share >= least(POWER, verdict.replicates), verdict.what
            assert reversal.share >= least(POWER, reversal.replicates), reversal.what
    for row in tables.pooled:
        promised = NEW_HOSPITAL if row.what.startswith("a new") else 0.93
        assert row.share >= least(promised, row.replicates), row.what
    check_goals(tables.goals)


def check_goals(rows: list[Coverage]) -> None:
    good, alone, together = rows
    assert good.share >= least(POWER, good.replicates)
    assert alone.share > most(0.025, alone.replicates)  # the reason for judging finalists together
    assert together.share <= most(0.025, together.replicates)


def test_intervals_ranks_groups_and_goals_hold_what_they_promise(
    record_property: Callable[[str, object], None],
) -> None:
    tables = all_tables(SMALL)
    check(tables)
    assert tables.sets[1][1].share > 0.5  # the plainly worst is told from the best, though the others are tied
    assert as_html(tables).count("<details>") == len(tables.titled)
    record_property("rows", len(tables.intervals))


def test_a_thousand_adaptive_submissions_gain_little_from_the_ladder_and_much_without(
    record_property: Callable[[str, object], None],
) -> None:
    attacks = [boosting(np.random.default_rng(seed)) for seed in range(5)]
    told = [f"{one.ladder:.3f} with, {one.without:.3f} without, bound {one.bound:.3f}" for one in attacks]
    record_property("shown", "Gain of 1,000 adaptive submissions on 1,000 cases: " + "; ".join(told))
    assert all(one.ladder <= one.bound for one in attacks)
    assert all(one.without > 4 * one.ladder for one in attacks)


@pytest.mark.long("simulations")
def test_many_replicates_too(record_property: Callable[[str, object], None]) -> None:
    tables = all_tables(FULL)
    record_property("shown", render(tables))
    check(tables)
