"""AUC of patients and of repeated patients against R's sessions (tests/oracles/curves.R) and other programs."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from evaluator.statistics.calibration import calibration
from evaluator.statistics.net_benefit import net_benefit
from evaluator.statistics.roc import auc, compare_auc
from tests.evaluator.statistics.r_sessions import ORACLES, read_session

SESSION = read_session("curves")
TABLE = pd.read_csv(ORACLES / "curves.csv")
TRUTH = TABLE["truth"].to_numpy(dtype=bool)
Z = float(norm.ppf(0.975))


def said(table: str, key: str) -> float:
    (number,) = SESSION[table][key]
    return number


def logit_limits(area: float, variance: float) -> tuple[float, float]:
    half = Z * math.sqrt(variance) / (area * (1 - area))
    return float(expit(logit(area) - half)), float(expit(logit(area) + half))


@pytest.mark.parametrize("column", ["score", "other"])
def test_every_row_a_patient_is_delong_as_proc_has_it(column: str) -> None:
    rate = auc(TABLE[column], TRUTH)
    assert rate.value == pytest.approx(said("delong", f"{column}.auc"), abs=1e-12)
    expected = logit_limits(said("delong", f"{column}.auc"), said("delong", f"{column}.variance"))
    assert (rate.low, rate.high) == pytest.approx(expected, abs=1e-12)
    assert (rate.positives, rate.negatives, rate.patients) == (26, 53, 79)


def test_two_models_are_told_apart_as_by_proc() -> None:
    found = compare_auc(TABLE["score"], TABLE["other"], TRUTH)
    assert found.p == pytest.approx(said("delong", "paired.p"), abs=1e-12)
    assert (found.low, found.high) == pytest.approx(SESSION["delong"]["paired.limits"], abs=1e-12)


def test_repeated_patients_are_obuchowskis_as_the_cleveland_clinic_has_it() -> None:
    rate = auc(TABLE["score"], TRUTH, patients=TABLE["patient"])
    expected = logit_limits(said("obuchowski", "score.auc"), said("obuchowski", "score.variance"))
    assert (rate.low, rate.high) == pytest.approx(expected, abs=1e-12)
    assert (rate.method, rate.patients) == ("obuchowski-logit", 40)
    assert "40 patients" in rate.sentence


def test_two_models_on_repeated_patients_are_obuchowskis_too() -> None:
    found = compare_auc(TABLE["score"], TABLE["other"], TRUTH, patients=TABLE["patient"])
    assert found.low is not None
    assert found.difference is not None
    variance = ((found.difference - found.low) / Z) ** 2
    assert abs(found.difference) == pytest.approx(said("obuchowski", "paired.difference"), abs=1e-12)
    assert variance == pytest.approx(said("obuchowski", "paired.variance"), rel=1e-9)
    assert found.p == pytest.approx(said("obuchowski", "paired.p"), abs=1e-12)
    assert "obuchowski-paired" in found.sentence


def test_one_row_a_patient_is_the_same_with_and_without_names() -> None:
    named = auc(TABLE["score"], TRUTH, patients=np.arange(len(TRUTH)))
    plain = auc(TABLE["score"], TRUTH)
    assert (named.low, named.high) == pytest.approx((plain.low, plain.high), abs=1e-12)


def test_copies_of_a_patients_rows_add_nothing() -> None:
    once = auc(TABLE["score"], TRUTH, patients=TABLE["patient"])
    thrice = pd.concat([TABLE] * 3)
    copied = auc(thrice["score"], thrice["truth"].to_numpy(dtype=bool), patients=thrice["patient"])
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high), abs=1e-12)


def test_perfect_separation_counts_patients_and_not_their_rows() -> None:
    scores, truth = np.repeat(np.arange(16), 2), np.repeat(np.arange(16) >= 8, 2)
    rate = auc(scores, truth, patients=np.repeat(np.arange(16), 2))
    assert rate.low == pytest.approx(0.756, abs=5e-4)  # Newcombe 2006: 8 against 8
    assert (rate.value, rate.high, rate.method) == (1.0, 1.0, "newcombe-5")


def test_one_patient_of_a_kind_has_an_area_but_no_difference() -> None:
    patients, truth, scores = ["a", "a", "b", "c"], [True, True, False, False], [0.9, 0.4, 0.5, 0.1]
    assert auc(scores, truth, patients=patients).method == "newcombe-5"
    none = compare_auc(scores, scores[::-1], truth, patients=patients)
    assert (none.difference, none.method) == (None, "fewer than two of a kind")
    assert none.sentence.startswith("No difference")
    assert "takes at least one of each" in auc([0.1], [True], patients=["a"]).sentence


def test_a_patients_name_for_every_score() -> None:
    with pytest.raises(ValueError, match="name of its patient"):
        auc([0.1, 0.2], [True, False], patients=["a"])


def test_intervals_of_repeated_patients_hold_what_they_promise() -> None:
    """60 patients of 3 scans, alike within a patient; the true area is that of two normal distributions."""
    rng = np.random.default_rng(20)
    shift, within = 1.5, math.sqrt(1 + 1)  # unit variance between patients, and between scans
    true = float(norm.cdf(shift / (within * math.sqrt(2))))
    inside = naive = 0
    for _ in range(400):
        patient = np.repeat(np.arange(60), 3)
        truth = patient < 30
        scores = shift * truth + np.repeat(rng.standard_normal(60), 3) + rng.standard_normal(180)
        for told, patients in (("clustered", patient), ("naive", None)):
            rate = auc(scores, truth, patients=patients)
            assert rate.low is not None
            assert rate.high is not None
            held = rate.low <= true <= rate.high
            inside += held and told == "clustered"
            naive += held and told == "naive"
    assert inside / 400 >= 0.93
    assert naive / 400 < 0.9  # to take scans for patients would be too sure


def test_calibration_is_rs_logistic_regression() -> None:
    found = calibration(TABLE["score"], TRUTH, declared=float(TRUTH.mean()))
    assert found.slope.value == pytest.approx(said("calibration", "slope.value"), rel=1e-9)
    assert (found.slope.low, found.slope.high) == pytest.approx(SESSION["calibration"]["slope.limits"], rel=1e-8)
    assert found.intercept.value == pytest.approx(said("calibration", "intercept.value"), rel=1e-9)
    assert (found.intercept.low, found.intercept.high) == pytest.approx(
        SESSION["calibration"]["intercept.limits"], rel=1e-8
    )


def test_mlstatkit_tells_the_two_models_apart_alike() -> None:
    """MLstatkit 0.1.91: Delong_test(truth, score, other, return_ci=True, return_auc=True)."""
    found = compare_auc(TABLE["score"], TABLE["other"], TRUTH)
    assert found.p == pytest.approx(0.019349083357682092, abs=1e-12)
    assert found.low is not None
    assert found.difference is not None
    assert ((found.difference - found.low) / Z) ** 2 == pytest.approx(0.006761309031231786, rel=1e-9)


def test_net_benefit_is_that_of_dcurves() -> None:
    """dcurves 1.1.7: dca(data, "truth", ["score"], thresholds=…, prevalence=0.04), which flags at t."""
    found = net_benefit(TABLE["score"] + 1e-9, TRUTH, prevalence=0.04, thresholds=(0.05, 0.105, 0.3, 0.505))
    assert [point.value for point in found.points] == pytest.approx(
        [-0.01206477732793522, -0.06353909398285912, -0.19749948165042508, -0.3588309803404143], abs=1e-12
    )
    assert [point.treat_all for point in found.points] == pytest.approx(
        [-0.010526315789473682, -0.07262569832402233, -0.37142857142857144, -0.9393939393939392], abs=1e-12
    )
