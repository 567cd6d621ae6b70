"""Cases of every run are scored again by medpy, and the result says which and what came of it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from evaluator.cohort import Cohort
from evaluator.container.fake_engine import FakeBox
from evaluator.volumes import read_volume
from tests.evaluator.pipeline.runs import detector, failures, run


def test_at_least_one_case_is_scored_again_and_the_result_says_which(cohort: Cohort) -> None:
    result = run(detector(), cohort)

    assert result.audit is not None
    assert len(result.audit.cases) >= 1
    assert {case.case for case in result.audit.cases} <= {case.case.case for case in result.cases}
    assert (result.audit.agrees, result.audit.differs, result.audit.broke_down) == (True, False, False)
    assert all(case.compared >= 7 for case in result.audit.cases)


def test_a_case_that_failed_is_not_audited_but_another_is(cohort: Cohort) -> None:
    def program(box: FakeBox) -> int:
        detector()(box)
        written = json.loads((box.input / "cases.json").read_text())["cases"]
        for case in written[:-1]:
            (box.output / case["id"] / "lesions.nii.gz").write_bytes(b"no image")
        return 0

    result = run(program, cohort)

    (scored,) = [case.case.case for case in result.cases if not case.failed]
    assert result.audit is not None
    assert [case.case for case in result.audit.cases] == [scored]


def test_where_every_case_failed_there_is_nothing_to_audit_and_nothing_that_agrees(cohort: Cohort) -> None:
    result = run(lambda box: 0, cohort)

    assert result.audit is not None
    assert (result.audit.cases, result.audit.agrees, result.audit.differs) == ((), False, False)


def test_a_run_of_the_same_seed_draws_the_same_cases(cohort: Cohort) -> None:
    first, second, other = (run(detector(), cohort, rng=np.random.default_rng(seed)).audit for seed in (5, 5, 6))

    seeds = [audit.seed for audit in (first, second, other) if audit]
    assert seeds[0] == seeds[1] != seeds[2]


def test_where_medpy_says_otherwise_the_result_carries_both_numbers(
    cohort: Cohort, monkeypatch: pytest.MonkeyPatch
) -> None:
    def program(box: FakeBox) -> int:
        detector()(box)
        for folder in box.output.iterdir():  # only cases with a lesion can be scored, so one of them is audited
            if not read_volume(folder / "lesions.nii.gz").data.any():
                (folder / "lesions.nii.gz").write_bytes(b"no image")
        return 0

    monkeypatch.setattr("medpy.metric.binary.hd95", lambda *_, **__: 7.5)
    result = run(program, cohort)

    assert result.audit is not None
    assert result.audit.differs
    differences = {(one.measure, one.ours, one.theirs) for case in result.audit.cases for one in case.differences}
    assert differences == {("hd95_pooled", 0.0, 7.5)}
    assert failures(result)[::2] == [None, None, None]
