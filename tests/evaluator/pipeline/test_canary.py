"""One case goes first, so that a submission that cannot keep its limits costs little."""

from __future__ import annotations

import json

import pytest

from evaluator.cohort import Cohort
from evaluator.container.fake_engine import FakeBox
from evaluator.container.limits import Limits
from evaluator.container.whose_fault import Verdict
from evaluator.errors import (
    FailureClass,
    SubmissionFault,
)
from evaluator.pipeline.canary import Canary
from tests.evaluator.pipeline.runs import detector, failures, run


def test_a_canary_goes_first_and_the_rest_after_it(cohort: Cohort) -> None:
    sizes: list[int] = []
    detect = detector()

    def program(box: FakeBox) -> int:
        sizes.append(len(json.loads((box.input / "cases.json").read_text())["cases"]))
        return detect(box)

    assert failures(run(program, cohort, canary=True)) == [None] * 6
    assert sizes == [1, 5]


def test_after_two_canaries_that_hit_a_limit_the_rest_is_not_begun(cohort: Cohort) -> None:
    sizes: list[int] = []

    def program(box: FakeBox) -> int:
        sizes.append(len(json.loads((box.input / "cases.json").read_text())["cases"]))
        box.sleep(60)
        return 0

    limits = Limits(start_seconds=0.1, case_seconds=0.2)
    with pytest.raises(SubmissionFault, match="neither of the first 2 cases") as refused:
        run(program, cohort, canary=True, limits=limits)
    assert refused.value.failure is FailureClass.TIME_LIMIT
    assert sizes == [1, 1]


def test_crashes_are_failed_cases_also_where_a_canary_goes_first(cohort: Cohort) -> None:
    assert failures(run(lambda box: 3, cohort, canary=True)) == [FailureClass.EXIT_CODE] * 6


def test_one_failed_canary_counts_as_a_failed_case_only(cohort: Cohort) -> None:
    detect, calls = detector(), []

    def program(box: FakeBox) -> int:
        calls.append(box)
        return 3 if len(calls) == 1 else detect(box)

    found = failures(run(program, cohort, canary=True))
    assert found.count(FailureClass.EXIT_CODE) == 1
    assert found.count(None) == 5


def test_it_is_judged_by_its_container_alone_whose_answers_are_scored_meanwhile() -> None:
    answered, crashed, late = (Canary(wanted=True) for _ in range(3))
    answered.look(None)
    crashed.look(Verdict(failure=FailureClass.EXIT_CODE, reason=""))
    late.look(Verdict(failure=FailureClass.TIME_LIMIT, reason=""))
    assert [bird.waits for bird in (answered, crashed, late)] == [False, False, True]
