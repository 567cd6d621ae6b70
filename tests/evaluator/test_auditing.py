"""Which cases of a run are audited, however many threads ask, and what is written down of it."""

from __future__ import annotations

import threading
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from evaluator import results
from evaluator.pipeline.auditing import SHARE, Auditor
from evaluator.records import CohortResult, SubmissionRecord
from evaluator.scoring import score_case
from tests.phantoms import Box, make_prediction, make_volume

REFERENCE, PREDICTION = make_volume(Box((4, 4, 4), (3, 3, 3))), make_prediction(Box((5, 4, 4), (3, 3, 3)))
SCORE = score_case(REFERENCE, PREDICTION)
WRONG = replace(SCORE, structures={"lesions": replace(SCORE.structures["lesions"], dice=0.5)})
UNKNOWN = replace(SCORE, structures={"liver": SCORE.structures["lesions"]})
CASES = [f"case{number:04}" for number in range(2000)]


def look(auditor: Auditor, *cases: str, score: object = SCORE) -> None:
    for case in cases:
        auditor.look(case, score=score, reference=REFERENCE, prediction=PREDICTION)  # type: ignore[arg-type]


def audited(auditor: Auditor) -> list[str]:
    return [case.case for case in auditor.audit().cases]


def drawn(seed: int) -> list[str]:
    """As anybody can draw them anew from the seed that is stored."""
    draws = np.random.default_rng(seed).random(len(CASES))
    return [case for case, draw in zip(CASES, draws, strict=True) if draw < SHARE]


def undrawn(seed: int) -> list[str]:
    return sorted(set(CASES) - set(drawn(seed)))


def test_about_one_case_in_a_hundred_is_audited_and_the_seed_says_which() -> None:
    auditor = Auditor(CASES, seed=7)
    first = drawn(7)[0]
    look(auditor, first, *CASES)
    assert audited(auditor) == drawn(7)
    assert 8 <= len(drawn(7)) <= 36  # 20 expected; beyond lies one draw in a thousand
    assert drawn(7) != drawn(8)
    assert (auditor.audit().seed, auditor.audit().tolerance, auditor.audit().agrees) == (7, 1e-6, True)


def test_the_order_in_which_cases_are_scored_does_not_change_the_draw() -> None:
    forward, backward = Auditor(CASES, seed=7), Auditor(CASES, seed=7)
    look(forward, *CASES)
    look(backward, *reversed(CASES))
    assert set(audited(forward)) - {CASES[0]} == set(audited(backward)) - {CASES[-1]} == set(drawn(7))
    assert audited(backward) == sorted(audited(backward))


def test_the_first_that_is_scored_is_always_audited() -> None:
    auditor = Auditor(CASES, seed=7)
    first, second, *_ = undrawn(7)
    look(auditor, first, second)
    assert audited(auditor) == [first]


def test_for_a_case_that_is_too_large_the_next_one_is_audited() -> None:
    auditor = Auditor(CASES, seed=7, largest_box=200)
    first, second, third, fourth, *_ = undrawn(7)
    huge = make_prediction(Box((0, 0, 0), (10, 10, 10)))
    for case in (first, second):
        auditor.look(case, score=score_case(REFERENCE, huge), reference=REFERENCE, prediction=huge)
    look(auditor, third, fourth)
    assert audited(auditor) == [third]
    assert auditor.audit().too_large == (first, second)
    assert auditor.audit().agrees


def test_a_difference_is_written_down_with_both_numbers() -> None:
    auditor = Auditor(CASES, seed=7)
    look(auditor, CASES[0], score=WRONG)
    audit = auditor.audit()
    (difference,) = audit.cases[0].differences
    assert (difference.structure, difference.measure, difference.ours) == ("lesions", "dice", 0.5)
    assert difference.theirs == pytest.approx(2 * 18 / 54)
    assert (audit.differs, audit.agrees, audit.broke_down) == (True, False, False)


def test_an_audit_that_breaks_down_is_written_down_and_raises_nothing() -> None:
    auditor = Auditor(CASES, seed=7)
    look(auditor, CASES[0], score=UNKNOWN)
    audit = auditor.audit()
    assert "ValueError" in audit.cases[0].error
    assert "liver" in audit.cases[0].error
    assert (audit.broke_down, audit.differs, audit.agrees) == (True, False, False)


def test_of_many_threads_that_score_at_once_one_is_the_first() -> None:
    auditor = Auditor(CASES, seed=7)
    asking = undrawn(7)[:8]
    start = threading.Barrier(len(asking))

    def work(case: str) -> None:
        start.wait()
        look(auditor, case)

    threads = [threading.Thread(target=work, args=(case,)) for case in asking]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(audited(auditor)) == 1


def test_an_audit_is_read_from_a_results_file_as_it_was_written_and_an_older_file_has_none() -> None:
    auditor = Auditor(CASES, seed=2**32 - 1)
    look(auditor, CASES[0], score=WRONG)
    cohort = CohortResult(
        hospital="lakeside",
        cohort="tiny",
        version="1",
        fingerprint="sha256:0",
        cases=(),
        started="",
        finished="",
        audit=auditor.audit(),
    )
    written = results.Results(
        schema=results.SCHEMA,
        scorer="lesions/1",
        hit_rule="hit/1",
        submission=SubmissionRecord(model="m", image="sha256:0"),
        cohorts=(cohort,),
    )
    assert results.loads(results.dump(written)) == written
    document = msgspec.json.decode(results.dump(written))
    del document["cohorts"][0]["audit"]
    assert results.loads(msgspec.json.encode(document)).cohorts[0].audit is None
