"""Both models against lme4's `glmer` and metafor's `rma.mv`, the gradient against differences."""

import numpy as np
import pytest

from evaluator.statistics.glmm import BOTH, CORRELATION, fit_glmm
from evaluator.statistics.laplace import Laplace
from evaluator.statistics.reitsma import fit_reitsma
from tests.evaluator.statistics.pooled_tables import TABLES, Arrays, arrays
from tests.evaluator.statistics.r_sessions import read_session

R = read_session("pooling")


def test_every_table_of_the_r_session_is_here() -> None:
    assert set(R) == set(TABLES)


@pytest.mark.parametrize("name", TABLES)
def test_the_fit_is_glmers(name: str) -> None:
    events, totals = arrays(name)
    fit, r = fit_glmm(events, totals), R[name]
    assert fit.usable
    assert fit.log_likelihood == pytest.approx(r["glmer.loglik"][0], abs=1e-5)
    assert fit.mean == pytest.approx(r["glmer.mu"], rel=1e-5)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(r["glmer.se"], rel=5e-4)
    assert np.diag(fit.between) == pytest.approx(r["glmer.tau2"], rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("name", [name for name in TABLES if name != "same"])
def test_the_correlation_is_glmers(name: str) -> None:
    assert fit_glmm(*arrays(name)).correlation == pytest.approx(R[name]["glmer.correlation"][0], abs=1e-5)


@pytest.mark.parametrize("name", TABLES)
def test_reitsmas_model_is_rma_mvs(name: str) -> None:
    fit, r = fit_reitsma(*arrays(name)), R[name]
    assert fit.mean == pytest.approx(r["reitsma.mu"], rel=1e-5)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx(r["reitsma.se"], rel=1e-5)
    assert np.diag(fit.between) == pytest.approx(r["reitsma.tau2"], rel=1e-4, abs=1e-9)


def test_without_variance_between_hospitals_both_are_zero_and_there_is_no_correlation() -> None:
    fit = fit_glmm(*arrays("same"))
    assert fit.zero == BOTH
    assert fit.correlation is None
    assert fit.limit == "hospitals differ no more than chance makes them"


def test_a_perfect_trade_off_lies_at_the_limit_of_the_correlation() -> None:
    fit = fit_glmm(*arrays("opposed"))
    assert fit.zero == CORRELATION
    assert fit.correlation == pytest.approx(-1)
    assert "correlation" in fit.limit


def test_without_variance_it_is_one_binomial() -> None:
    """217 of 240 by hand; the variance of a logit is 1/217 + 1/23."""
    events, totals = arrays("same")
    fit = fit_glmm(events, totals)
    assert fit.mean[0] == pytest.approx(np.log(217 / 23), abs=1e-8)
    assert fit.covariance[0, 0] == pytest.approx(1 / 217 + 1 / 23, rel=1e-6)


@pytest.mark.parametrize("theta", [[2.0, 2.5, 0.7, 0.3, 0.6], [0.5, -1.0, 1.5, -1.0, 0.1], [3.0, 3.0, 0.0, 0.4, 0.0]])
@pytest.mark.parametrize("name", ["seven", "gaps"])
def test_the_gradient_is_that_of_differences(name: str, theta: list[float]) -> None:
    counts: Arrays = arrays(name)
    likelihood, at = Laplace(counts[0].astype(float), counts[1].astype(float)), np.array(theta)
    steps = np.eye(5) * 1e-5
    differences = [(likelihood(at + step)[0] - likelihood(at - step)[0]) / 2e-5 for step in steps]
    np.testing.assert_allclose(likelihood(at)[1], differences, rtol=1e-5, atol=1e-6)


def test_hospitals_all_right_or_all_wrong_have_no_maximum() -> None:
    events = np.array([[20, 0], [0, 0]] * 3)
    assert not fit_glmm(events, np.array([[20, 0]] * 6)).usable
