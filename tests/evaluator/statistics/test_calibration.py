"""Calibration and net benefit beside scikit-learn, statsmodels and the formulas written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit, logit
from sklearn.metrics import brier_score_loss

from evaluator.errors import UsageError
from evaluator.statistics.calibration import calibration
from evaluator.statistics.net_benefit import net_benefit

RNG = np.random.default_rng(12)
RISK = expit(RNG.normal(-1, 1.5, 400))
CANCER = RNG.random(400) < expit(0.3 + 0.7 * logit(RISK))
SHARE = float(CANCER.mean())


def test_slope_and_intercept_are_those_of_logistic_regression() -> None:
    found = calibration(RISK, CANCER, declared=SHARE)
    x = logit(RISK)
    both = sm.GLM(CANCER.astype(float), sm.add_constant(x), family=sm.families.Binomial()).fit()
    assert found.slope.value == pytest.approx(both.params[1], rel=1e-6)
    assert (found.slope.low, found.slope.high) == pytest.approx(tuple(both.conf_int()[1]), rel=1e-5)
    large = sm.GLM(CANCER.astype(float), np.ones(400), family=sm.families.Binomial(), offset=x).fit()
    assert found.intercept.value == pytest.approx(large.params[0], rel=1e-6)
    assert (found.intercept.low, found.intercept.high) == pytest.approx(tuple(large.conf_int()[0]), rel=1e-5)
    assert found.brier.value == pytest.approx(brier_score_loss(CANCER, RISK), rel=1e-9)
    assert "too bold" in found.sentence


def test_likelihoods_for_another_prevalence_are_moved_to_the_samples_own() -> None:
    made = expit(logit(RISK) + logit(0.01) - logit(SHARE))  # the same model, told that one in a hundred has cancer
    here, there = calibration(RISK, CANCER, declared=SHARE), calibration(made, CANCER, declared=0.01)
    assert there.brier.value == pytest.approx(here.brier.value, rel=1e-4)
    assert there.intercept.value == pytest.approx(here.intercept.value, abs=1e-3)
    assert there.slope.value == pytest.approx(here.slope.value, rel=1e-3)


def test_without_a_declared_prevalence_there_is_a_slope_only() -> None:
    found = calibration(RISK, CANCER, declared=None)
    assert found.slope.value is not None
    assert (found.intercept.value, found.brier.value, found.ece.value, found.bins) == (None, None, None, ())
    assert "declares no prevalence" in found.brier.method


def test_bins_have_equal_mass_and_their_error_can_be_counted() -> None:
    said = np.array([0.1, 0.1, 0.2, 0.2, 0.6, 0.6, 0.9, 0.9])
    cancer = np.array([False, False, False, True, True, False, True, True])
    found = calibration(said, cancer, declared=0.5, bins=4)
    assert [(one.k, one.n) for one in found.bins] == [(0, 2), (1, 2), (1, 2), (2, 2)]
    assert found.ece.value == pytest.approx((0.1 + 0.3 + 0.1 + 0.1) / 4)


def test_a_failed_case_is_wrong_by_one_and_in_nothing_else() -> None:
    found = calibration([0.8, 0.2, -math.inf], [True, False, True], declared=2 / 3)
    assert found.failed == 1
    assert found.brier.value == pytest.approx((0.2**2 + 0.2**2 + 1) / 3)


@pytest.mark.parametrize(
    ("said", "cancer", "why"),
    [
        ([0.5, 0.5, 0.5], [True, False, True], "equal"),
        ([0.9, 0.8, 0.1], [True, True, False], "separate"),
        ([0.9, 0.8], [True, True], "no patients"),
        ([], [], "no patients"),
    ],
)
def test_where_there_is_no_slope_there_is_a_sentence(said: list[float], cancer: list[bool], why: str) -> None:
    found = calibration(said, cancer, declared=None)
    assert found.slope.value is None
    assert why in found.sentence


def test_net_benefit_is_vickers_and_elkins_formula() -> None:
    found = net_benefit(RISK, CANCER, prevalence=0.04, thresholds=(0.0, 0.02, 0.1, 0.5))
    for point in found.points:
        flagged = point.threshold < RISK
        se, fpr = flagged[CANCER].mean(), flagged[~CANCER].mean()
        odds = point.threshold / (1 - point.threshold)
        assert point.value == pytest.approx(se * 0.04 - fpr * 0.96 * odds)
        assert point.treat_all == pytest.approx(0.04 - 0.96 * odds)
        assert point.low <= point.value <= point.high
    assert found.points[0].value == pytest.approx(0.04)  # acting at no risk at all is to call everybody
    assert found.treat_none == 0.0


def test_net_benefit_of_nobody_is_a_sentence_and_an_impossible_threshold_is_refused() -> None:
    assert "no patients" in net_benefit([0.5], [True], prevalence=0.04, thresholds=(0.1,)).sentence
    with pytest.raises(UsageError):
        net_benefit(RISK, CANCER, prevalence=0.04, thresholds=(1.0,))
    with pytest.raises(ValueError, match="between 0 and 1"):
        net_benefit([1.5, 0.2], [True, False], prevalence=0.04, thresholds=(0.1,))
