"""Made-up answers: the same of the same seed, better with skill, alike where patients are hard, fit for the wire."""

from __future__ import annotations

import json

import msgspec
import numpy as np
from numpy.typing import NDArray

from evaluator import results as wire
from evaluator.records import CohortResult, SubmissionRecord
from evaluator.statistics.outcomes import answers
from evaluator.synthetic.answers import Patients, answer, make_patients


def patients(count: int = 300) -> Patients:
    return make_patients("Harbour", count, rng=np.random.default_rng(1))


def given(skill: float = 1.0, failing: float = 0.0, seed: int = 2) -> CohortResult:
    return answer(patients(), skill=skill, failing=failing, rng=np.random.default_rng(seed))


def results(cohort: CohortResult) -> wire.Results:
    submission = SubmissionRecord(model="m", image="sha256:0")
    return wire.Results(schema=wire.SCHEMA, scorer="s", hit_rule="h", submission=submission, cohorts=(cohort,))


def correct(cohort: CohortResult) -> NDArray[np.bool_]:
    found = answers([results(cohort)], threshold=0.5)["Harbour"]
    return np.array([outcome.correct for outcome in found.patients])


def test_the_same_seed_gives_the_same_answers_and_another_others() -> None:
    assert given() == given()
    assert given() != given(seed=3)


def test_skill_is_seen_in_the_answers() -> None:
    shares = [float(correct(given(skill)).mean()) for skill in (0.0, 1.0, 2.0)]
    assert shares == sorted(shares)
    assert shares[-1] > shares[0] + 0.05
    assert 0.6 < shares[1] < 0.99


def test_submissions_are_wrong_about_the_same_patients() -> None:
    one, two = correct(given(seed=2)), correct(given(seed=3))
    assert np.corrcoef(one, two)[0, 1] > 0.2


def test_three_of_ten_have_cancer_and_a_lesion_and_few_fail() -> None:
    cohort = given(failing=0.05)
    assert sum(case.case.cancer for case in cohort.cases) == 90
    assert all(len(case.lesions) == case.case.cancer for case in cohort.cases)
    assert 5 <= sum(case.failed for case in cohort.cases) <= 30
    assert {finding.lesion for case in cohort.cases for finding in case.findings} == {None, 1}


def test_its_bytes_are_those_that_the_platform_would_keep() -> None:
    found = results(given(failing=0.02))
    fast = msgspec.json.encode(found, order="sorted")
    assert fast == json.dumps(wire.to_builtins(found), sort_keys=True, separators=(",", ":")).encode()
    assert wire.loads(fast) == found
