from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from evaluator.records import Rate
from evaluator.statistics.disclosure import hidden_cells, hide
from evaluator.statistics.intervals import ClusteredRate
from evaluator.statistics.strata import SIZE_SUMS


def test_a_small_cell_hides_the_next_smallest_too() -> None:
    counts = {"all": 100, "small": 4, "middle": 30, "large": 66}
    hidden = hidden_cells(counts, sums=[("all", "small", "middle", "large")], minimum=10)
    assert hidden == {"small", "middle"}


def test_two_small_cells_hide_each_other_if_they_are_enough_together() -> None:
    counts = {"all": 100, "small": 4, "middle": 6, "large": 90}
    assert hidden_cells(counts, sums=[("all", "small", "middle", "large")], minimum=10) == {"small", "middle"}


def test_two_that_are_too_few_together_hide_a_third() -> None:
    counts = {"all": 100, "small": 4, "middle": 5, "large": 61, "huge": 30}
    sums = [("all", "small", "middle", "large", "huge")]
    assert hidden_cells(counts, sums=sums, minimum=10) == {"small", "middle", "huge"}


def test_parts_that_share_patients_are_as_many_as_the_largest() -> None:
    counts = {"all": 100, "head": 9, "tail": 9, "body": 90}
    sums = [("all", "head", "tail", "body")]
    assert hidden_cells(counts, sums=sums, minimum=10) == {"head", "tail"}
    assert hidden_cells(counts, sums=sums, minimum=10, together=max) == {"head", "tail", "body"}


def test_nobody_is_no_secret_and_what_is_not_counted_is_no_part() -> None:
    counts = {"all": 100, "none": 0, "nil": 0, "large": 100}
    assert hidden_cells(counts, sums=[("all", "none", "nil", "large", "unheard of")], minimum=10) == {"none", "nil"}


def test_nothing_is_hidden_where_nothing_is_small_or_no_minimum_is_set() -> None:
    counts = {"all": 3, "small": 1, "large": 2}
    assert hidden_cells(counts, sums=[("all", "small", "large")], minimum=0) == frozenset()
    assert hidden_cells({"all": 40, "a": 20, "b": 20}, sums=[("all", "a", "b")], minimum=10) == frozenset()


def test_a_part_that_is_the_whole_hides_the_whole() -> None:
    assert hidden_cells({"all": 12, "a": 12, "b": 0}, sums=[("all", "a", "b")], minimum=10) == {"a", "b"}
    assert hidden_cells({"whole": 4, "only": 4}, sums=[("whole", "only")], minimum=10) == {"whole", "only"}


@given(st.lists(st.integers(0, 30), min_size=12, max_size=12))
def test_no_single_hidden_cell_can_be_subtracted_out(sizes: list[int]) -> None:
    """Three hospitals and their sum, four sizes and their sums: every group hides none or at least two."""
    parts = ("le10", "gt10_le20", "gt20_le40", "gt40")
    table = {(h, part): sizes[3 * p + h] for (p, part), h in product(enumerate(parts), range(3))}
    table |= {(3, part): sum(table[h, part] for h in range(3)) for part in parts}
    for h in range(4):
        table[h, "le20"] = table[h, "le10"] + table[h, "gt10_le20"]
        table[h, "all"] = sum(table[h, part] for part in parts)
    names = (*parts, "le20", "all")
    sums = [[(h, name) for name in group] for h in range(4) for group in SIZE_SUMS]
    sums += [[(h, name) for h in (3, 0, 1, 2)] for name in names]
    hidden = hidden_cells(table, sums=sums, minimum=10)
    assert {cell for cell, count in table.items() if count < 10} <= hidden
    for group in ([cell for cell in cells if cell in table] for cells in sums):
        together = sum(table[cell] for cell in group[1:] if cell in hidden)
        assert len(hidden.intersection(group)) != 1
        assert group[0] in hidden or together == 0 or together >= 10


def test_a_hidden_rate_keeps_no_number() -> None:
    rate = Rate(value=0.5, low=0.1, high=0.9, k=2, n=4, method="wilson")
    assert hide(rate, minimum=10) == Rate(
        value=None, low=None, high=None, k=None, n=None, method="hidden: fewer than 10 patients"
    )
    lesions = ClusteredRate(value=0.5, low=0.1, high=0.9, k=2, n=4, patients=3, method="wilson-clustered")
    assert hide(lesions, minimum=10).patients is None
