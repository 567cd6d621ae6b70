"""Constant and copied answers, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluator.records import CaseResult
from evaluator.statistics.sameness import FEWEST, Sameness, sameness
from tests.evaluator.statistics.by_hand import cohort, failed, finding, negative, positive


def varied(count: int = FEWEST) -> list[CaseResult]:
    return [negative(f"n{n}", n / 100) for n in range(count)]


def test_one_answer_for_all_scans_is_constant() -> None:
    cases = [positive(f"p{n}", 0.7) for n in range(5)] + [negative(f"n{n}", 0.7) for n in range(5)]
    assert sameness(cohort("A", *cases)) == Sameness(constant=True, digest="")
    other = [*cases[:-1], negative("n4", 0.71)]
    assert not sameness(cohort("A", *other)).constant
    marked = [*cases[:-1], replace(cases[-1], findings=(finding(1),))]
    assert not sameness(cohort("A", *marked)).constant


def test_the_same_answers_in_another_order_have_one_digest() -> None:
    one = sameness(cohort("A", *varied()))
    assert one.digest == sameness(cohort("A", *reversed(varied()))).digest != ""
    assert one.digest == sameness(cohort("A", *[replace(c, likelihood=c.likelihood) for c in varied()])).digest


@pytest.mark.parametrize("change", [0.001, -0.001])
def test_another_answer_to_one_scan_is_another_digest(change: float) -> None:
    cases = varied()
    cases[3] = replace(cases[3], likelihood=0.03 + change)
    assert sameness(cohort("A", *cases)).digest != sameness(cohort("A", *varied())).digest
    cases[3] = replace(varied()[3], findings=(finding(1, confidence=0.5),))
    assert sameness(cohort("A", *cases)).digest != sameness(cohort("A", *varied())).digest


def test_what_another_machine_rounds_otherwise_is_the_same() -> None:
    cases = [replace(case, likelihood=(case.likelihood or 0) + 1e-9) for case in varied()]
    assert sameness(cohort("A", *cases)).digest == sameness(cohort("A", *varied())).digest


def test_few_answers_say_nothing_and_failed_scans_are_none() -> None:
    few = [negative(f"n{n}", 0.1) for n in range(FEWEST - 1)]
    assert sameness(cohort("A", *few, failed(negative("x")))) == Sameness(constant=False, digest="")
    assert sameness(cohort("A", *few, negative("y", 0.1))).constant
