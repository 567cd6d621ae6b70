"""AUC against scikit-learn, DeLong's variance against its definition, method 5 against Newcombe's paper."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, logit
from scipy.stats import norm
from sklearn.metrics import roc_auc_score
from sklearn.metrics import roc_curve as sklearn_roc_curve

from evaluator.statistics.roc import auc, compare_auc, roc_curve


def sample(seed: int, m: int = 40, n: int = 60) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rng = np.random.default_rng(seed)
    truth = np.arange(m + n) < m
    scores = np.round(rng.normal(truth * 1.2, 1.0), 1)  # rounded: with ties
    return scores, truth


def kernel(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> NDArray[np.float64]:
    """DeLong's ψ for every positive and negative, by definition, in O(mn)."""
    difference = scores[truth][:, None] - scores[~truth][None, :]
    return np.asarray((difference > 0) + 0.5 * (difference == 0))


@pytest.mark.parametrize("seed", range(5))
def test_the_area_is_scikit_learns_and_the_interval_delongs(seed: int) -> None:
    scores, truth = sample(seed)
    psi = kernel(scores, truth)
    area = psi.mean()
    se = np.sqrt(psi.mean(axis=1).var(ddof=1) / 40 + psi.mean(axis=0).var(ddof=1) / 60)
    limits = expit(logit(area) + norm.ppf([0.025, 0.975]) * se / (area * (1 - area)))
    rate = auc(scores, truth)
    assert rate.value == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    assert (rate.low, rate.high) == pytest.approx(tuple(limits), abs=1e-12)
    assert rate.method == "delong-logit"


@pytest.mark.parametrize(("size", "low"), [(8, 0.756), (30, 0.933)])
def test_perfect_separation_has_newcombes_published_interval(size: int, low: float) -> None:
    """Newcombe 2006, part 2: method 5 for 8 against 8 and 30 against 30 fully separated."""
    scores, truth = np.arange(2 * size), np.arange(2 * size) >= size
    rate = auc(scores, truth)
    assert rate.low == pytest.approx(low, abs=5e-4)
    assert (rate.value, rate.high, rate.method) == (1.0, 1.0, "newcombe-5")


def test_the_worst_model_mirrors_the_perfect_one() -> None:
    scores, truth = np.arange(16), np.arange(16) >= 8
    best, worst = auc(scores, truth), auc(-scores, truth)
    assert best.low is not None
    assert (worst.value, worst.low) == (0.0, 0.0)
    assert worst.high == pytest.approx(1 - best.low)


def test_all_scores_equal_is_a_coin_with_an_interval() -> None:
    rate = auc(np.zeros(20), np.arange(20) < 10)
    assert rate.value == 0.5
    assert rate.low is not None
    assert rate.high is not None
    assert 0 < rate.low < 0.5 < rate.high < 1


def test_one_patient_of_a_kind_still_has_an_interval() -> None:
    rate = auc([0.9, 0.1, 0.95, 0.2], [True, False, False, False])
    assert rate.value == pytest.approx(2 / 3)
    assert rate.method == "newcombe-5"


@pytest.mark.parametrize("truth", [[True, True], [False, False], []])
def test_without_both_kinds_there_is_no_area(truth: list[bool]) -> None:
    assert auc([0.5] * len(truth), truth).method == "no patients"
    assert roc_curve([0.5] * len(truth), truth).fpr == ()


def test_failed_cases_rank_below_and_above_everything() -> None:
    """A failed positive is −inf and a failed negative +inf: each loses every comparison."""
    scores = [0.9, 0.8, -np.inf, 0.1, 0.2, np.inf]
    truth = [True, True, True, False, False, False]
    assert auc(scores, truth).value == pytest.approx(4 / 9)


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not a number"):
        auc([0.1, float("nan")], [True, False])
    with pytest.raises(ValueError, match="same length"):
        auc([0.1], [True, False])


def test_two_models_are_compared_on_the_same_patients() -> None:
    first, truth = sample(1)
    second, _ = sample(2)
    a, b = kernel(first, truth), kernel(second, truth)
    apart = a - b
    se = np.sqrt(apart.mean(axis=1).var(ddof=1) / 40 + apart.mean(axis=0).var(ddof=1) / 60)
    found = compare_auc(first, second, truth)
    assert found.difference == pytest.approx(a.mean() - b.mean(), abs=1e-12)
    assert found.p == pytest.approx(2 * norm.sf(abs(a.mean() - b.mean()) / se), abs=1e-12)
    assert (found.low, found.high) == pytest.approx(tuple(apart.mean() + norm.ppf([0.025, 0.975]) * se), abs=1e-12)


def test_a_model_is_no_different_from_itself() -> None:
    scores, truth = sample(4)
    found = compare_auc(scores, scores * 2, truth)
    assert (found.difference, found.p, found.method) == (0.0, None, "no variation")
    assert compare_auc([0.1], [0.2], [True]).difference is None


@pytest.mark.parametrize("seed", range(3))
def test_the_curve_is_scikit_learns(seed: int) -> None:
    scores, truth = sample(seed)
    curve = roc_curve(scores, truth)
    fpr, tpr, threshold = sklearn_roc_curve(truth, scores, drop_intermediate=False)
    np.testing.assert_allclose(curve.fpr, fpr)
    np.testing.assert_allclose(curve.tpr, tpr)
    np.testing.assert_allclose(np.array(curve.threshold[1:], dtype=float), threshold[1:])
    assert curve.threshold[0] is None
    assert (curve.fpr[0], curve.tpr[0], curve.fpr[-1], curve.tpr[-1]) == (0, 0, 1, 1)
