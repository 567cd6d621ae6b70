"""Vectors of the specification to six digits; statsmodels and scipy beside."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from evaluator.errors import UsageError
from evaluator.records import Rate
from evaluator.statistics.intervals import clopper_pearson, clustered, wilson


def ends(rate: Rate) -> tuple[float, float]:
    assert rate.low is not None
    assert rate.high is not None
    return rate.low, rate.high


@pytest.mark.parametrize(
    ("k", "n", "expected"),
    [
        (95, 100, (0.888250, 0.978456)),
        (990, 1000, (0.981691, 0.994559)),
        (0, 20, (0.0, 0.161125)),
    ],
)
def test_wilson_gives_the_specified_vectors(k: int, n: int, expected: tuple[float, float]) -> None:
    assert ends(wilson(k, n)) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(("k", "n", "expected"), [(95, 100, (0.887165, 0.983568)), (990, 1000, (0.981687, 0.995194))])
def test_clopper_pearson_gives_the_specified_vectors(k: int, n: int, expected: tuple[float, float]) -> None:
    assert ends(clopper_pearson(k, n)) == pytest.approx(expected, abs=5e-7)


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_both_intervals_agree_with_statsmodels(counts: tuple[int, int]) -> None:
    k, n = counts
    assert ends(wilson(k, n)) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-9)
    assert ends(clopper_pearson(k, n)) == pytest.approx(proportion_confint(k, n, method="beta"), abs=1e-9)


def test_one_end_of_clopper_pearson_is_a_one_sided_bound() -> None:
    one_sided = binomtest(97, 100, alternative="greater").proportion_ci(confidence_level=0.975, method="exact")
    assert clopper_pearson(97, 100).low == pytest.approx(one_sided.low, abs=1e-12)


def test_the_ends_touch_zero_and_one_exactly() -> None:
    assert wilson(0, 7).low == 0.0
    assert wilson(7, 7).high == 1.0
    assert clopper_pearson(0, 7).low == 0.0
    assert clopper_pearson(7, 7).high == 1.0


@pytest.mark.parametrize("rate", [wilson(0, 0), clopper_pearson(0, 0), clustered([], []), clustered([0], [0])])
def test_a_rate_of_nobody_is_neither_zero_nor_nan(rate: Rate) -> None:
    assert (rate.value, rate.low, rate.high, rate.k, rate.n, rate.method) == (None, None, None, 0, 0, "no patients")


@pytest.mark.parametrize(("k", "n"), [(96, 95), (-1, 5), (1, 0)])
def test_impossible_counts_are_refused(k: int, n: int) -> None:
    with pytest.raises(UsageError, match=f"{k}/{n} is impossible"):
        wilson(k, n)
    with pytest.raises(UsageError):
        clustered([k], [n])


def test_one_unit_a_patient_needs_no_clustering() -> None:
    hits = [1] * 37 + [0] * 13
    # m/(m − 1) makes the design effect 50/49
    assert ends(clustered(hits, [1] * 50)) == pytest.approx(
        proportion_confint(37 * 49 / 50, 49, method="wilson"), abs=1e-12
    )


def test_lesions_that_go_together_count_as_patients() -> None:
    """Ten patients of four lesions, all hit in six and none in four: 24/40 with the certainty of about ten."""
    rate = clustered([4] * 6 + [0] * 4, [4] * 10)
    # Var = 10/9 · (6·1.6² + 4·2.4²)/40² = 0.0266667; p̂q̂/N = 0.006; d = 4.444444; N/d = 9
    assert (rate.k, rate.n, rate.patients) == (24, 40, 10)
    assert rate.value == pytest.approx(0.6)
    assert ends(rate) == pytest.approx(proportion_confint(5.4, 9, method="wilson"), abs=1e-12)


def test_a_design_effect_below_one_is_one() -> None:
    """Every patient has one of two lesions hit: no variance between patients narrows nothing."""
    assert ends(clustered([1] * 8, [2] * 8)) == pytest.approx(proportion_confint(8, 16, method="wilson"), abs=1e-12)


@pytest.mark.parametrize(
    ("k", "n", "effective"),
    [([2, 3], [2, 3], (2, 2)), ([0, 0, 0], [4, 1, 2], (0, 3)), ([1], [2], (0.5, 1))],
    ids=["every lesion hit", "none hit", "one patient"],
)
def test_degenerate_clusters_are_as_certain_as_patients(
    k: list[int], n: list[int], effective: tuple[float, int]
) -> None:
    rate = clustered(k, n)
    assert ends(rate) == pytest.approx(proportion_confint(*effective, method="wilson"), abs=1e-9)
    assert rate.value == sum(k) / sum(n)


def test_patients_without_a_lesion_are_left_out() -> None:
    assert clustered([1, 0, 0, 2], [1, 2, 0, 2]) == clustered([1, 0, 2], [1, 2, 2])


def test_clustered_variance_is_that_of_a_ratio_estimate() -> None:
    """Against the jackknife-free definition written out with numpy on 200 uneven patients."""
    rng = np.random.default_rng(3)
    n = rng.integers(1, 6, 200)
    k = rng.binomial(n, rng.beta(2, 1, 200))
    p = k.sum() / n.sum()
    residual = k - p * n
    variance = 200 * np.var(residual, ddof=1) / n.sum() ** 2  # the residuals' mean is 0
    design = variance / (p * (1 - p) / n.sum())
    assert design > 1
    expected = proportion_confint(k.sum() / design, n.sum() / design, method="wilson")
    assert ends(clustered(k.tolist(), n.tolist())) == pytest.approx(expected, abs=1e-12)
