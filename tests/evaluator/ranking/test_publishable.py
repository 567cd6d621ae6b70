"""Counts that would tell of a few patients are hidden, and a second with them; everything else stays."""

from dataclasses import replace

from evaluator.ranking.attribute_records import AttributeResult, GroupOrder
from evaluator.ranking.publishable import veiled


def order(group: str, positive: int, negative: int) -> GroupOrder:
    return GroupOrder(
        group=group,
        patients={"positive": positive, "negative": negative},
        tau=0.5,
        tau_null=0.6,
        tau_null_low=0.2,
        tau_null_high=1.0,
        tau_p=0.3,
    )


RESULT = AttributeResult(
    verdict="no change detected",
    why="Nothing was found.",
    groups=(order("F", 40, 35), order("M", 60, 31)),
    uncounted={"positive": 3, "negative": 12},
)


def test_three_patients_cannot_be_worked_out_from_the_total() -> None:
    shown = veiled(RESULT, minimum=10)
    # 103 with cancer in all: 40 + 60 + 3. Hidden are the 3 and the smaller of the others.
    assert [one.patients["positive"] for one in shown.groups] == [None, 60]
    assert [one.patients["negative"] for one in shown.groups] == [35, 31]
    assert shown.uncounted == {"positive": None, "negative": 12}
    assert [one.tau for one in shown.groups] == [0.5, 0.5]


def test_nothing_is_hidden_where_nobody_or_enough_are_left_over() -> None:
    nobody = replace(RESULT, uncounted={"positive": 0, "negative": 0})
    assert veiled(nobody, minimum=10) == nobody
    assert veiled(RESULT, minimum=3) == RESULT
    assert veiled(RESULT, minimum=0) == RESULT
