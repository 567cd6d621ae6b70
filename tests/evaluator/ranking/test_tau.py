"""Kendall's τ-b of many orders at once, against scipy's of one."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from evaluator.ranking.tau import tau_b


@pytest.mark.parametrize("levels", [3, 1000])
def test_every_tau_is_scipys_with_ties_and_without(levels: int) -> None:
    rng = np.random.default_rng(levels)
    first, second = rng.integers(0, levels, (2, 20, 3, 7)) / levels
    expected = [kendalltau(a, b).statistic for a, b in zip(first.reshape(-1, 7), second.reshape(-1, 7), strict=True)]
    assert tau_b(first, second).ravel() == pytest.approx(np.array(expected), nan_ok=True)


def test_without_an_order_there_is_no_tau() -> None:
    assert np.isnan(tau_b(np.array([1.0, 1.0]), np.array([1.0, 2.0])))
    assert np.isnan(tau_b(np.array([1.0]), np.array([2.0])))


def test_scores_that_differ_by_rounding_are_equal() -> None:
    assert tau_b(np.array([0.1 + 0.2, 0.3, 0.5]), np.array([1.0, 2.0, 3.0])) == pytest.approx(
        kendalltau([1, 1, 2], [1, 2, 3]).statistic
    )
