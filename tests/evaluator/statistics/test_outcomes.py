"""What counts as an answer: thresholds, dropped findings, failures as errors, and results that cannot be counted."""

import math

import pytest

from evaluator.errors import FailureClass, TableRefused
from evaluator.records import CaseResult
from evaluator.statistics.outcomes import Outcome, answers, by_submission
from tests.evaluator.statistics.by_hand import cohort, failed, finding, lesion, negative, positive, results


def outcome(case: CaseResult, threshold: float = 0.5) -> Outcome:
    (found,) = answers([results("m", cohort("A", case))], threshold=threshold)["A"].outcomes
    return found


def test_flagged_is_above_the_threshold_and_not_at_it() -> None:
    assert not outcome(positive("a", 0.5)).flagged
    assert outcome(positive("a", 0.51)).flagged
    assert outcome(negative("a", 0.5)).correct


def test_a_failed_positive_is_missed_and_a_failed_negative_flagged() -> None:
    missed = outcome(failed(positive("a", 0.9, lesion(hit=True), dice=0.8)))
    alarm = outcome(failed(negative("b")))
    assert (missed.flagged, missed.likelihood, missed.dice, missed.localised) == (False, -math.inf, 0.0, False)
    assert (alarm.flagged, alarm.likelihood, alarm.correct) == (True, math.inf, False)


def test_the_platforms_failures_are_no_answers() -> None:
    case = failed(positive("a"), FailureClass.PLATFORM_ERROR)
    found = answers([results("m", cohort("A", case, negative("b")))], threshold=0.5)["A"]
    assert [one.case.case for one in found.outcomes] == ["b"]
    assert [one.case for one in found.unanswered] == ["a"]
    assert found.failures == {"platform-error": 1}


@pytest.mark.parametrize(("source", "hit"), [("findings", False), ("map", False), ("prediction", True)])
def test_weak_findings_are_dropped_only_where_the_likelihood_comes_from_them(source: str, hit: bool) -> None:
    """The lesion was hit by a finding of 0.3; another finding of 0.8 flags the patient."""
    case = positive(
        "a",
        0.8,
        lesion(1, hit=True),
        source=source,
        findings=(finding(1, confidence=0.3, lesion_id=1), finding(2, confidence=0.8)),
    )
    assert outcome(case).flagged
    assert outcome(case).localised is hit


def test_an_unflagged_patient_has_no_lesion_hit() -> None:
    case = positive("a", 0.4, lesion(1, hit=True), findings=(finding(1, lesion_id=1),))
    assert not outcome(case).localised
    assert not outcome(case).lesions[0].hit


def test_a_patients_size_is_the_largest_lesion() -> None:
    assert outcome(positive("a", 0.9, lesion(1, mm=8), lesion(2, mm=33))).size_mm == 33
    assert outcome(positive("a", 0.9)).size_mm is None


@pytest.mark.parametrize(
    ("cases", "what"),
    [
        ((positive("a"), positive("a")), "appears 2 times"),
        ((positive("a", patient="p"), positive("b", patient="p")), "2 index scan"),
        ((positive("a", index=False),), "no index scan"),
        ((positive("a", patient="p"), negative("b", patient="p", index=False)), "with and without cancer"),
        ((positive("a", math.nan),), "no likelihood"),
        ((positive("a", 1.5),), "no likelihood"),
    ],
)
def test_results_that_cannot_be_counted_are_refused_by_name(cases: tuple[CaseResult, ...], what: str) -> None:
    with pytest.raises(TableRefused) as refused:
        answers([results("m", cohort("A", *cases))], threshold=0.5)
    assert any(what in fault.what and fault.where.startswith("A, ") for fault in refused.value.faults)


def test_files_of_one_submission_are_taken_together() -> None:
    first, second = results("m", cohort("A", positive("a"))), results("m", cohort("B", positive("a")))
    assert list(answers(by_submission([first, second])["m"], threshold=0.5)) == ["A", "B"]


def test_one_name_for_two_images_is_refused() -> None:
    with pytest.raises(TableRefused, match="same model name"):
        by_submission([results("m", image="sha256:1"), results("m", image="sha256:2")])
