"""The threshold that calibration results give; the order statistics themselves are tested in test_operating_point."""

import pytest

from evaluator.errors import TableRefused, UsageError
from evaluator.records import CaseResult
from evaluator.results import Results
from evaluator.statistics.locking import check_apart, lock_operating_point
from evaluator.statistics.operating_point import Status
from tests.evaluator.statistics.by_hand import cohort, failed, negative, positive, results


def calibration(*cases: CaseResult) -> list[Results]:
    return [results("m", cohort("C", *cases))]


def nine(**changed: CaseResult) -> list[CaseResult]:
    """Nine without cancer, 0.1 to 0.9."""
    found = {f"n{number}": negative(f"n{number}", number / 10) for number in range(1, 10)}
    return list((found | changed).values())


def test_only_patients_without_cancer_decide() -> None:
    point = lock_operating_point(calibration(*nine(), positive("p", 0.95)), alpha=0.2)
    # k = ⌈10 · 0.8⌉ = 8
    assert (point.threshold, point.status, point.k, point.negatives) == (0.8, Status.LOCKED, 8, 9)


def test_a_failed_scan_is_above_all_others() -> None:
    one = lock_operating_point(calibration(*nine(n1=failed(negative("n1")))), alpha=0.2)
    assert (one.threshold, one.failed) == (0.9, 1)
    two = lock_operating_point(calibration(*nine(n1=failed(negative("n1")), n2=failed(negative("n2")))), alpha=0.2)
    assert (two.threshold, two.failed) == (1.0, 2)
    assert two.sentence.startswith("Flagged above 1, locked before the test")


def test_too_few_patients_promise_nothing() -> None:
    point = lock_operating_point(calibration(*nine()), alpha=0.05)
    assert (point.threshold, point.status) == (None, Status.TOO_SMALL)


def test_bare_masks_are_locked_by_the_submission() -> None:
    point = lock_operating_point(calibration(*nine(), positive("p", 1.0, source="mask")), alpha=0.2)
    assert (point.threshold, point.status) == (0.5, Status.SUBMISSION)


def test_an_impossible_share_is_refused() -> None:
    with pytest.raises(UsageError, match="share"):
        lock_operating_point(calibration(*nine()), alpha=0)


def test_nobody_is_calibrated_on_and_tested() -> None:
    mine = calibration(*nine())
    check_apart(mine, [results("m", cohort("A", negative("n1")))])  # another hospital's n1
    with pytest.raises(TableRefused, match="1 patients were calibrated on") as refused:
        check_apart(mine, [results("m", cohort("C", negative("n1"), negative("x")))])
    assert refused.value.faults[0].where == "C, patient n1"
