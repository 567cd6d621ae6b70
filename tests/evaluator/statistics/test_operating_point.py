"""The frozen threshold: places from the specification and from R, promises checked by simulation, and the tuned one."""

import math
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_curve

from evaluator.errors import UsageError
from evaluator.statistics.exploratory import tune_threshold
from evaluator.statistics.operating_point import (
    Status,
    achieved_specificity,
    check_one_column,
    freeze_threshold,
    place_on_average,
    place_surely,
    submission_threshold,
)

ORACLE = Path(__file__).parents[2] / "oracles" / "operating_point.txt"


def test_the_places_of_the_specification() -> None:
    assert place_on_average(1000, 0.01) == 991
    assert place_surely(1000, 0.01) == 996
    scores = np.random.default_rng(1).permutation(1000) / 1000.0
    assert freeze_threshold(scores, alpha=0.01).threshold == 0.990
    assert freeze_threshold(scores, alpha=0.01, confident=True).threshold == 0.995


def test_the_sure_places_are_those_of_r() -> None:
    lines = ORACLE.read_text().split("\n")
    cases = [line.split() for line in lines if line.strip()]
    assert len(cases) == 7
    for n, alpha, k in cases:
        assert place_surely(int(n), float(alpha)) == int(k)


def test_exact_arithmetic_does_not_lose_a_place() -> None:
    assert place_on_average(99, 0.01) == 99
    assert place_on_average(19, 0.05) == 19
    assert place_on_average(999, 0.35) == 650


def test_the_tenth_of_nineteen_is_the_threshold_counted_by_hand() -> None:
    point = freeze_threshold(range(19), alpha=0.5)
    assert (point.k, point.threshold, point.negatives) == (10, 9.0, 19)
    assert achieved_specificity(point, range(19)).k == 10  # a score equal to the threshold is not flagged
    assert "10th smallest of 19" in point.sentence


@pytest.mark.parametrize("confident", [False, True])
def test_false_alarms_are_as_promised(confident: bool) -> None:
    rng = np.random.default_rng(20)
    shares = [1 - freeze_threshold(rng.random(200), alpha=0.05, confident=confident).threshold for _ in range(4000)]  # type: ignore[operator]
    if confident:
        assert np.mean(np.array(shares) <= 0.05) >= 0.95 - 3 * math.sqrt(0.05 * 0.95 / 4000)
    else:
        assert np.mean(shares) == pytest.approx(10 / 201, abs=float(3 * np.std(shares) / math.sqrt(4000)))


@pytest.mark.parametrize(("n", "confident"), [(0, False), (98, False), (0, True), (298, True)])
def test_too_few_calibration_patients_give_no_threshold(n: int, confident: bool) -> None:
    point = freeze_threshold(np.zeros(n), alpha=0.01, confident=confident)
    assert (point.threshold, point.status, point.locked) == (None, Status.TOO_SMALL, False)
    assert "Calibration too small" in point.sentence
    assert freeze_threshold(np.zeros(n + 1 if n else 299), alpha=0.01, confident=confident).status is Status.LOCKED
    assert achieved_specificity(point, [0.1]).method == "no threshold: calibration too small"


def test_failed_calibration_patients_stand_above_all_others() -> None:
    scores = np.append(np.arange(98) / 100, [math.inf])
    point = freeze_threshold(scores, alpha=0.01)
    assert (point.threshold, point.failed, point.status) == (math.inf, 1, Status.LOCKED)
    assert "nobody is flagged" in point.sentence
    assert achieved_specificity(point, [0.5, math.inf]).k == 1  # a failed test patient is an error even so


def test_a_bare_mask_is_locked_by_the_submission() -> None:
    point = submission_threshold()
    assert (point.threshold, point.status, point.locked) == (0.5, Status.SUBMISSION, True)
    assert "locked by the submission" in point.sentence


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, math.nan])
def test_impossible_shares_are_refused(alpha: float) -> None:
    for confident in (False, True):
        with pytest.raises(UsageError, match="impossible"):
            freeze_threshold([0.1], alpha=alpha, confident=confident)


def test_scores_that_are_not_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="numbers"):
        freeze_threshold([0.1, math.nan], alpha=0.5)
    with pytest.raises(ValueError, match="not a number"):
        tune_threshold([0.1, math.nan], [True, False], rng=np.random.default_rng(1))
    with pytest.raises(UsageError, match="threshold"):
        submission_threshold(1.5)


def test_the_tuned_threshold_is_scikit_learns_best_youden_point() -> None:
    rng = np.random.default_rng(3)
    truth = rng.random(400) < 0.4
    scores = np.round(rng.normal(truth * 1.2, 1), 1)
    found = tune_threshold(scores, truth, rng=rng, replicates=200)
    fpr, tpr, _ = roc_curve(truth, scores, drop_intermediate=False)
    assert found.sensitivity.value is not None
    assert found.specificity.value is not None
    assert found.sensitivity.value + found.specificity.value - 1 == pytest.approx((tpr - fpr).max())
    assert (found.point.status, found.point.locked) == (Status.EXPLORATORY, False)
    assert "exploratory" in found.sentence
    assert found.low is not None
    assert found.high is not None
    assert found.point.threshold is not None
    assert found.low <= found.point.threshold <= found.high


def test_every_replicate_selects_its_own_threshold() -> None:
    # The same draws, replayed: patients redrawn one by one by the same counts, and scikit-learn selecting each time.
    scores = np.array([0.9, 0.8, 0.6, 0.3, 0.7, 0.5, 0.4, 0.2, 0.1])
    truth = np.array([True] * 4 + [False] * 5)
    found = tune_threshold(scores, truth, rng=np.random.default_rng(5), replicates=300)
    rng = np.random.default_rng(5)
    cuts = np.unique(scores)
    held = [np.concatenate([[0], np.isin(cuts, scores[truth == kind])]) for kind in (True, False)]
    drawn = [rng.multinomial(one.sum(), _with_top(one), size=300) for one in held]
    se = []
    for positive, negative in zip(*drawn, strict=True):
        again = np.concatenate(
            [np.repeat(cuts, positive[1 : len(cuts) + 1]), np.repeat(cuts, negative[1 : len(cuts) + 1])]
        )
        labels = np.repeat([True, False], [4, 5])
        fpr, tpr, _ = roc_curve(labels, again, drop_intermediate=False)
        best = np.round(tpr - fpr, 12)
        se.append(tpr[np.argmax(best)])  # the first is the highest threshold
    low, high = np.quantile(se, [0.025, 0.975], method="inverted_cdf")
    assert (found.sensitivity.low, found.sensitivity.high) == pytest.approx((low, high))


def _with_top(held: np.ndarray) -> np.ndarray:
    return np.asarray(np.append(held, 0) / held.sum(), dtype=float)


def test_a_limit_on_false_alarms_is_kept_and_met_from_below() -> None:
    rng = np.random.default_rng(7)
    truth = rng.random(500) < 0.3
    scores = rng.normal(truth * 1.5, 1)
    found = tune_threshold(scores, truth, rng=rng, alpha=0.05, replicates=100)
    assert found.point.threshold is not None
    negatives = scores[~truth]
    assert (negatives > found.point.threshold).mean() <= 0.05
    lower = scores[scores < found.point.threshold].max()
    assert (scores[truth] > lower).mean() == found.sensitivity.value or (negatives > lower).mean() > 0.05


def test_failures_are_errors_at_every_threshold() -> None:
    found = tune_threshold([-math.inf, 0.9, math.inf, 0.1], [True, True, False, False], rng=np.random.default_rng(1))
    assert (found.sensitivity.k, found.specificity.k) == (1, 1)


@pytest.mark.parametrize("truth", [[True, True], [False, False]])
def test_without_both_kinds_nothing_can_be_tuned(truth: list[bool]) -> None:
    found = tune_threshold([0.1, 0.2], truth, rng=np.random.default_rng(1))
    assert found.point.threshold is None
    assert found.sensitivity.value is None
    assert "No threshold could be tuned" in found.sentence


def test_all_ties_flag_nobody() -> None:
    found = tune_threshold([0.5] * 6, [True] * 3 + [False] * 3, rng=np.random.default_rng(1), replicates=50)
    assert (found.point.threshold, found.sensitivity.k, found.specificity.k) == (0.5, 0, 3)


def test_locked_and_exploratory_never_stand_in_one_column() -> None:
    locked, bare = freeze_threshold(np.arange(99), alpha=0.01), submission_threshold()
    tuned = tune_threshold([0.1, 0.9], [False, True], rng=np.random.default_rng(1), replicates=10)
    check_one_column([locked, bare])
    with pytest.raises(UsageError, match="one column"):
        check_one_column([locked, tuned.point])


@pytest.mark.parametrize(
    ("scores", "alpha", "said"),
    [(1, 0.5, "the 1st"), (2, 0.34, "the 2nd"), (3, 0.25, "the 3rd"), (4, 0.2, "the 4th"), (12, 0.1, "the 12th")],
)
def test_a_place_is_said_as_people_say_it(scores: int, alpha: float, said: str) -> None:
    point = freeze_threshold(np.linspace(0, 1, scores), alpha=alpha)
    assert f"{said} smallest of {scores} " in point.sentence
