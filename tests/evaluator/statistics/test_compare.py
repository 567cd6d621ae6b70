"""Paired shares against Newcombe's published examples, statsmodels' McNemar and Holm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from evaluator.statistics.compare import compare_paired, holm, mcnemar_exact, newcombe_paired


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ((36, 12, 2, 0), (0.0569, 0.3404)),
        ((18, 12, 2, 18), (0.0562, 0.3290)),
        ((53, 0, 0, 1), (-0.0729, 0.0729)),
        ((0, 30, 0, 0), (0.8395, 1.0)),
    ],
)
def test_method_10_gives_newcombes_published_limits(
    table: tuple[int, int, int, int], expected: tuple[float, float]
) -> None:
    """Newcombe, Stat Med 1998;17:2635–2650, table II, as the R package propint's own tests give them."""
    both, b, c, neither = table
    assert newcombe_paired(both=both, b=b, c=c, neither=neither) == pytest.approx(expected, abs=1e-4)


def test_swapping_the_models_mirrors_the_interval() -> None:
    low, high = newcombe_paired(both=40, b=7, c=3, neither=10)
    assert newcombe_paired(both=40, b=3, c=7, neither=10) == pytest.approx((-high, -low))


@given(*[st.integers(0, 40)] * 4)
def test_limits_hold_the_difference_for_any_table(both: int, b: int, c: int, neither: int) -> None:
    n = both + b + c + neither
    if n:
        low, high = newcombe_paired(both=both, b=b, c=c, neither=neither)
        assert -1 <= low <= (b - c) / n + 1e-12
        assert (b - c) / n - 1e-12 <= high <= 1


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_statsmodels_exact_test(b: int, c: int) -> None:
    expected = mcnemar([[5, b], [c, 5]], exact=True).pvalue if b + c else 1.0
    assert mcnemar_exact(b, c) == pytest.approx(expected, abs=1e-12)


def test_two_models_on_the_same_patients() -> None:
    first = np.array([1] * 48 + [0] * 2, dtype=bool)
    second = np.array([1] * 36 + [0] * 12 + [1] * 2, dtype=bool)
    found = compare_paired(first, second)
    assert (found.b, found.c, found.n) == (12, 2, 50)
    assert found.difference == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0569, 0.3404), abs=1e-4)
    assert found.p == pytest.approx(mcnemar_exact(12, 2))


def test_no_patients_no_difference() -> None:
    assert compare_paired([], []).difference is None
    with pytest.raises(ValueError, match="same patients"):
        compare_paired([True], [True, False])


@pytest.mark.parametrize("count", [0, 1, 2, 7, 30])
def test_holm_is_statsmodels(count: int) -> None:
    p_values = np.round(np.random.default_rng(count).beta(0.3, 1, count), 2)  # rounded: with ties and zeros
    expected = multipletests(p_values, method="holm")[1] if count else []
    np.testing.assert_allclose(holm(p_values), expected, atol=1e-12)
