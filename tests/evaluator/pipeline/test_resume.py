"""An interrupted run goes on where it was, and gives what it would have given."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from evaluator.cohort import Cohort
from evaluator.container.fake_engine import FakeBox, Program
from evaluator.container.limits import Limits
from evaluator.pipeline import forget_run
from evaluator.records import CohortResult
from tests.evaluator.pipeline.runs import detector, run


def counting(seen: list[str]) -> Program:
    detect = detector()

    def program(box: FakeBox) -> int:
        seen.extend(case["id"] for case in json.loads((box.input / "cases.json").read_text())["cases"])
        return detect(box)

    return program


def scores(result: CohortResult) -> list[tuple[str, float | None, object]]:
    return [(case.case.case, case.likelihood, case.lesions) for case in result.cases]


def test_an_interrupted_run_goes_on_from_the_last_finished_batch_and_gives_the_same(cohort: Cohort) -> None:
    whole = run(detector(), cohort)
    seen: list[str] = []
    options: dict[str, Any] = {"limits": Limits(batch_cases=2), "resume": "run 1"}
    logs: list[bytes] = []

    def killed_in_the_third(log: bytes) -> None:
        logs.append(log)
        if len(logs) == 3:
            [path] = (cohort.path.parent / "state" / "resume").iterdir()
            while path.read_bytes().count(b"\n") < 1 + 4:
                time.sleep(0.05)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(counting(seen), cohort, keep_log=killed_in_the_third, **options)
    begun = len(seen)
    resumed = run(counting(seen), cohort, **options)
    assert len(seen) - begun == 2
    assert scores(resumed) == scores(whole)
    assert len(resumed.audit.cases) == 1 if resumed.audit else False
    run(counting(seen), cohort, **options)
    assert len(seen) - begun == 2


def test_a_run_of_another_name_image_or_limit_goes_on_from_nothing(cohort: Cohort) -> None:
    seen: list[str] = []
    for options in ({"resume": "run 1"}, {"resume": "run 2"}, {"resume": "run 1", "limits": Limits(case_seconds=9)}):
        run(counting(seen), cohort, **options)
    assert len(seen) == 18


def test_what_has_ended_is_forgotten_by_name(cohort: Cohort) -> None:
    seen: list[str] = []
    run(counting(seen), cohort, resume="run 1")
    forget_run(cohort.path.parent / "state", "run 1")
    run(counting(seen), cohort, resume="run 1")
    assert len(seen) == 12


def test_half_a_line_of_a_power_failure_is_no_case(cohort: Cohort) -> None:
    seen: list[str] = []
    first = run(counting(seen), cohort, resume="run 1")
    [path] = (cohort.path.parent / "state" / "resume").iterdir()
    path.write_bytes(path.read_bytes()[:-20])
    assert scores(run(counting(seen), cohort, resume="run 1")) == scores(first)
    assert len(seen) == 7
