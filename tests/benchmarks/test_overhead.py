"""The benchmark of the overhead: every case is stamped by its container, and scored; the parts are the whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.benchmarks.overhead import FULL, SMALL, Measured, Plan, measure, table
from tests.benchmarks.overhead_inputs import Stamps

pytestmark = pytest.mark.containers


def measured(plan: Plan, record: Callable[[str, object], None]) -> None:
    rows = list(measure(plan))
    record("shown", table(plan, rows))
    assert [row.name for row in rows] == ["first run", "later run"]
    for row in rows:
        assert (row.cases, row.failed) == (plan.cases, 0)
        assert [len(stamps.windows) for stamps in row.containers] == [1, plan.batch, plan.batch]
        assert row.own >= plan.cases * plan.seconds
        assert min(row.before, *row.idle, row.after) > 0


def test_each_case_is_stamped_and_scored(record_property: Callable[[str, object], None]) -> None:
    measured(SMALL, record_property)


@pytest.mark.long("overhead")
def test_at_the_full_size_too(record_property: Callable[[str, object], None]) -> None:
    measured(FULL, record_property)


def test_what_is_not_the_containers_own_is_overhead() -> None:
    """Two containers, three cases of 10 s: 1 s before the first, 3 s between containers, 0.5 s within, 1.5 s after."""
    containers = (
        Stamps(begun=100.5, windows=[(101, 111), (111.5, 121.5)]),
        Stamps(begun=124, windows=[(124.5, 134.5)]),
    )
    row = Measured(name="", began=100, ended=136, containers=containers, failed=0)
    assert (row.before, row.idle, row.after, row.own) == (1, (3,), 1.5, 30)
    assert row.per_case == 2
