"""Pooled rates: intervals from R's estimates by hand, and every degenerate table a sentence."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit
from scipy.stats import norm, t

from evaluator.errors import UsageError
from evaluator.statistics.intervals import clopper_pearson, wilson
from evaluator.statistics.pooled import HospitalCounts
from evaluator.statistics.pooling import lower_bounds, pool
from tests.evaluator.statistics.pooled_tables import TABLES, hospitals
from tests.evaluator.statistics.r_sessions import read_session

R = read_session("pooling")


def counts(detected: list[int], alarms: list[int], *, positives: int = 20, negatives: int = 30) -> list[HospitalCounts]:
    return [
        HospitalCounts(
            hospital=f"H{n}", positives=positives, detected=found, negatives=negatives, false_positives=false
        )
        for n, (found, false) in enumerate(zip(detected, alarms, strict=True))
    ]


@pytest.mark.parametrize("name", TABLES)
def test_intervals_are_students_t_on_glmers_logits(name: str) -> None:
    pooled, r = pool(hospitals(name)), R[name]
    for j, rate in enumerate((pooled.sensitivity, pooled.specificity)):
        size = [n for n in TABLES[name][2 * j] if n]
        mean, error, tau2 = r["glmer.mu"][j], r["glmer.se"][j], r["glmer.tau2"][j]
        quantile = t.ppf(0.975, len(size) - 1)
        ahead = quantile * math.sqrt(error**2 + tau2)
        assert rate.hospitals == len(size)
        assert rate.value == pytest.approx(expit(mean), abs=1e-5)
        assert (rate.low, rate.high) == pytest.approx(
            tuple(expit(mean + np.array([-1, 1]) * quantile * error)), abs=1e-4
        )
        assert rate.prediction == pytest.approx(tuple(expit([mean - ahead, mean + ahead])), abs=1e-4)


@pytest.mark.parametrize(("mean", "tau2"), [(1.5, 0.4), (2.9, 1.2), (0.0, 0.05)])
def test_the_variance_within_hospitals_is_the_mean_of_the_binomials_over_them(mean: float, tau2: float) -> None:
    """Of a logit-normal p, E[1/(p(1 − p))] = exp(τ²/2 + μ) + exp(τ²/2 − μ) + 2: what I² sets τ² against."""
    expected, _ = quad(
        lambda x: norm.pdf(x, mean, math.sqrt(tau2)) / (expit(x) * expit(-x)),
        mean - 12 * math.sqrt(tau2),
        mean + 12 * math.sqrt(tau2),
    )
    assert math.exp(tau2 / 2 + mean) + math.exp(tau2 / 2 - mean) + 2 == pytest.approx(expected, rel=1e-6)


def test_i2_is_zhou_and_dendukuris() -> None:
    """τ²/(τ² + (e^(τ²/2 + μ) + e^(τ²/2 − μ) + 2)·mean 1/n), from glmer's numbers: 0.49 for seven hospitals."""
    mean, tau2 = R["seven"]["glmer.mu"][0], R["seven"]["glmer.tau2"][0]
    inverse = sum(1 / n for n in (40, 25, 60, 33, 12, 80, 51)) / 7
    within = (math.exp(tau2 / 2 + mean) + math.exp(tau2 / 2 - mean) + 2) * inverse
    assert pool(hospitals("seven")).sensitivity.i2 == pytest.approx(tau2 / (tau2 + within), abs=1e-4)


def test_reitsmas_model_stands_beside_it() -> None:
    found, r = pool(hospitals("gaps")).reitsma, R["gaps"]
    half = t.ppf(0.975, 6) * r["reitsma.se"][1]
    expected = tuple(expit(r["reitsma.mu"][1] + np.array([0, -half, half])))
    assert found.specificity == pytest.approx(expected, abs=1e-5)


def test_the_rows_of_the_forest_plot_are_wilsons() -> None:
    row = pool(hospitals("seven")).rows[1]
    assert (row.hospital, row.sensitivity, row.specificity) == ("H1", wilson(20, 25), wilson(51, 60))


def test_a_hospital_without_positives_speaks_of_specificity_only() -> None:
    pooled = pool(hospitals("gaps"))
    assert (pooled.hospitals, pooled.sensitivity.hospitals, pooled.specificity.hospitals) == (8, 7, 7)
    assert pooled.rows[1].sensitivity.method == "no patients"
    assert pooled.sensitivity.together.n == 40 + 60 + 33 + 12 + 80 + 51 + 45


@pytest.mark.parametrize("size", [1, 2, 4])
def test_fewer_than_five_hospitals_are_not_estimable_and_still_counted(size: int) -> None:
    pooled = pool(hospitals("seven")[:size])
    rate = pooled.sensitivity
    assert (rate.value, rate.low, rate.high, rate.prediction, rate.tau2, rate.i2) == (None,) * 6
    assert rate.together == wilson(sum(TABLES["seven"][1][:size]), sum(TABLES["seven"][0][:size]))
    assert "not estimable: fewer than 5 hospitals" in rate.sentence
    assert f"{rate.together.k}/{rate.together.n}" in rate.sentence


def test_zero_hospitals_and_hospitals_without_patients_are_a_sentence() -> None:
    empty = [HospitalCounts(hospital="A", positives=0, detected=0, negatives=0, false_positives=0)]
    for pooled in (pool([]), pool(empty)):
        assert pooled.hospitals == 0
        assert "not estimable: fewer than 5 hospitals (no patients)" in pooled.sensitivity.sentence


def test_four_hospitals_with_positives_among_seven_leave_specificity_estimable() -> None:
    table = hospitals("seven")
    table[:3] = [replace(one, positives=0, detected=0) for one in table[:3]]
    pooled = pool(table)
    assert pooled.sensitivity.value is None
    assert pooled.specificity.value is not None
    assert (pooled.specificity.hospitals, pooled.correlation) == (7, None)
    assert "of one rate" in pooled.specificity.method


def test_without_a_single_error_the_interval_is_exact_and_the_next_hospital_unknown() -> None:
    pooled = pool(counts([20] * 6, [0] * 6))
    for rate, n in ((pooled.sensitivity, 120), (pooled.specificity, 180)):
        assert (rate.value, rate.low, rate.high) == (1.0, clopper_pearson(n, n).low, 1.0)
        assert (rate.prediction, rate.tau2, rate.i2) == (None, None, None)
        assert "nothing shows how hospitals differ" in rate.sentence


def test_a_model_that_flags_nobody_is_wrong_everywhere_on_one_side_only() -> None:
    pooled = pool(counts([0] * 6, [0] * 6))
    assert (pooled.sensitivity.value, pooled.sensitivity.low, pooled.specificity.value) == (0.0, 0.0, 1.0)
    assert "every patient of every hospital was wrong" in pooled.sensitivity.sentence


def test_a_perfect_rate_does_not_keep_the_other_from_being_pooled() -> None:
    pooled = pool(counts([20] * 6, [0, 1, 2, 3, 4, 5]))
    assert pooled.sensitivity.method == "clopper-pearson of the counts together"
    assert pooled.specificity.tau2 is not None


def test_hospitals_all_right_or_all_wrong_are_not_estimable_and_leave_the_other_rate_alone() -> None:
    pooled = pool(counts([20, 0] * 3, [0, 1, 2, 3, 4, 5]))
    assert "the counts do not determine how hospitals differ (60/120" in pooled.sensitivity.sentence
    assert pooled.specificity.value is not None
    assert pooled.notes[0] == "The joint model has no maximum; each rate was fitted alone."


def test_one_hospital_of_a_billion_among_small_ones_is_still_one_hospital() -> None:
    table = counts([19, 18, 20, 17, 19, 18], [0, 1, 2, 3, 4, 5])
    table[0] = replace(table[0], positives=10**9, detected=97 * 10**7)
    rate = pool(table).sensitivity
    assert rate.low is not None
    assert rate.high is not None
    assert rate.value is not None
    assert 0 < rate.low <= rate.value <= rate.high < 1


@pytest.mark.parametrize("seed", range(12))
def test_small_counts_near_one_never_give_nan_or_warn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = int(rng.integers(5, 9))
    positives, negatives = rng.integers(0, 25, size), rng.integers(0, 25, size)
    logits = 3 + rng.normal(0, [0.0, 0.3, 2.0][seed % 3], (2, size))
    found, alarms = rng.binomial(positives, expit(logits[0])), rng.binomial(negatives, expit(-logits[1]))
    table = [
        HospitalCounts(
            hospital=str(n),
            positives=int(positives[n]),
            detected=int(found[n]),
            negatives=int(negatives[n]),
            false_positives=int(alarms[n]),
        )
        for n in range(size)
    ]
    pooled = pool(table)
    for rate in (pooled.sensitivity, pooled.specificity):
        numbers = [rate.value, rate.low, rate.high, rate.tau2, rate.i2, *(rate.prediction or ())]
        assert all(number is None or math.isfinite(number) for number in numbers)
        assert "nan" not in rate.sentence


def test_the_order_of_hospitals_does_not_matter() -> None:
    there, back = pool(hospitals("kearon")), pool(hospitals("kearon")[::-1])
    assert there.sensitivity.low == pytest.approx(back.sensitivity.low, abs=1e-7)
    assert there.specificity.prediction == pytest.approx(back.specificity.prediction, abs=1e-7)


def test_a_hospital_twice_or_impossible_counts_are_refused() -> None:
    table = hospitals("seven")
    with pytest.raises(UsageError, match="H0 appears twice"):
        pool([*table, table[0]])
    with pytest.raises(UsageError, match="H1's sensitivity of 26/25 is impossible"):
        pool([table[0], replace(table[1], detected=26)])


def test_lower_bounds_are_the_lower_ends_of_the_bivariate_model() -> None:
    pooled, bounds = pool(hospitals("seven")), lower_bounds(hospitals("seven"))
    assert (bounds.sensitivity, bounds.specificity, bounds.hospitals) == (
        pooled.sensitivity.low,
        pooled.specificity.low,
        7,
    )
    assert bounds.sentence.startswith("At new hospitals: sensitivity at least 83.5 %, specificity at least 88.3 %")


def test_there_are_no_lower_bounds_below_five_hospitals_of_either_kind() -> None:
    table = [replace(one, negatives=0, false_positives=0) if n > 3 else one for n, one in enumerate(hospitals("seven"))]
    for few in (table, hospitals("seven")[:4]):
        bounds = lower_bounds(few)
        assert (bounds.sensitivity, bounds.specificity, bounds.hospitals) == (None, None, 4)
        assert bounds.sentence == "At new hospitals: not estimable, fewer than 5 hospitals."
