"""Groups of patients counted by hand, and what must be hidden with a small one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from evaluator.records import CaseResult
from evaluator.report import make_report
from evaluator.statistics.attribute_strata import by_attribute
from evaluator.statistics.outcomes import answers
from tests.evaluator.statistics.by_hand import cohort, negative, positive, results


def of(result: CaseResult, **known: Any) -> CaseResult:
    return replace(result, case=replace(result.case, **known))


def test_a_patient_counts_in_its_group_and_the_unknown_in_none() -> None:
    cases = (
        of(positive("a", 0.9), sex="F", age=49, slice_thickness_mm=1.5),
        of(positive("b", 0.1), sex="F", age=50, slice_thickness_mm=3.0000001),
        of(negative("c", 0.9), sex="F", age=80, slice_thickness_mm=3.2),
        of(negative("d", 0.1), sex="M", age=64),
        positive("e", 0.9),
    )
    (found,) = answers([results("m", cohort("A", *cases))], threshold=0.5).values()
    tables = by_attribute(found.patients)
    counts = {
        attribute: {
            group: (rates.sensitivity.k, rates.sensitivity.n, rates.specificity.k, rates.specificity.n)
            for group, rates in groups.items()
        }
        for attribute, groups in tables.items()
    }
    assert counts == {
        "slice thickness": {
            "up to 1.5 mm": (1, 1, 0, 0),
            "over 1.5 to 3 mm": (0, 1, 0, 0),
            "over 3 mm": (0, 0, 0, 1),
        },
        "sex": {"F": (1, 2, 0, 1), "M": (0, 0, 1, 1)},
        "age": {"under 50": (1, 1, 0, 0), "50–64": (0, 1, 1, 1), "80 and over": (0, 0, 0, 1)},
    }
    assert list(counts["age"]) == ["under 50", "50–64", "80 and over"]


def hospital(name: str, **sexes: int) -> list[CaseResult]:
    """So many positive patients of each sex ("_" unknown), and 20 others of each."""
    cases = [
        of(positive(f"{name}{sex}{n}", 0.9), sex=None if sex == "_" else sex)
        for sex, count in sexes.items()
        for n in range(count)
    ]
    others = [of(negative(f"{name}{sex}n{n}"), sex=None if sex == "_" else sex) for sex in sexes for n in range(20)]
    return [*cases, *others]


@pytest.mark.parametrize(
    ("at_a", "hidden"),
    [
        ({"F": 40, "M": 30}, set()),
        ({"F": 40, "M": 3}, {"F", "M"}),  # 43 − 40 = 3
        ({"F": 40, "M": 30, "X": 3}, {"M", "X"}),
        ({"F": 40, "M": 30, "_": 3}, {"M"}),  # who are of neither would follow from the total
        ({"F": 40, "M": 30, "_": 20}, set()),
    ],
)
def test_a_small_group_is_hidden_with_what_would_tell_it(at_a: dict[str, int], hidden: set[str]) -> None:
    given = results("m", cohort("A", *hospital("A", **at_a)), cohort("B", *hospital("B", F=50, M=50, X=50)))
    (model,) = make_report([given], prevalences=[0.04], public_minimum=10).models
    shown = model.hospitals["A"].by_attribute["sex"]
    assert {group for group, rates in shown.items() if rates.sensitivity.n is None} == hidden
    assert {rates.specificity.n for rates in shown.values()} == {20}
    # Over hospitals: what is hidden at A must not follow from the whole less B.
    for group in hidden:
        whole = model.overall.by_attribute["sex"][group].sensitivity.n
        at_b = model.hospitals["B"].by_attribute["sex"][group].sensitivity.n
        assert None in (whole, at_b)
