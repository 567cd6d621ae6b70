"""Vectors of the specification to six digits, and what happens where a count is 0 or n."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.errors import UsageError
from evaluator.records import Rate
from evaluator.statistics.intervals import Z
from evaluator.statistics.prevalence import (
    Counts,
    false_alarms_per_1000,
    flags_per_true_positive,
    natural_frequencies,
    npv,
    ppv,
    ppv_curve,
    scans_per_cancer,
)

SE, SP = (95, 100), (990, 1000)
SIX = 5e-7


def numbers(rate: Rate) -> tuple[float | None, float | None, float | None]:
    return rate.value, rate.low, rate.high


def test_ppv_gives_the_specified_vectors() -> None:
    common = numbers(ppv(sensitivity=SE, specificity=SP, prevalence=0.04))
    rare = numbers(ppv(sensitivity=SE, specificity=SP, prevalence=0.0001))
    assert common == pytest.approx((0.798319, 0.680810, 0.880181), abs=SIX)
    assert rare == pytest.approx((0.00941153, 0.00509347, 0.0173265), abs=5e-8)


def test_npv_gives_the_specified_vector() -> None:
    rate = npv(sensitivity=SE, specificity=SP, prevalence=0.04)
    assert numbers(rate) == pytest.approx((0.997900, 0.995079, 0.999105), abs=SIX)


def test_without_a_false_positive_ppv_is_at_least_the_low_end() -> None:
    common = ppv(sensitivity=SE, specificity=(1000, 1000), prevalence=0.04)
    rare = ppv(sensitivity=SE, specificity=(1000, 1000), prevalence=0.0001)
    assert (common.value, common.high, rare.value, rare.high) == (None, 1.0, None, 1.0)
    assert common.low == pytest.approx(0.834237, abs=SIX)
    assert rare.low == pytest.approx(0.0119356, abs=5e-8)


def test_without_a_missed_cancer_npv_is_at_least_the_low_end() -> None:
    """The mirror of PPV: sensitivity and specificity, prevalence and its complement change places."""
    mirrored = ppv(sensitivity=SP, specificity=(100, 100), prevalence=0.96)
    assert npv(sensitivity=(100, 100), specificity=SP, prevalence=0.04) == mirrored
    assert mirrored.value is None


def test_a_defined_standard_form_is_never_adjusted() -> None:
    """Sensitivity 1 leaves PPV's standard form defined: its own term is simply 0."""
    rate = ppv(sensitivity=(50, 50), specificity=(90, 100), prevalence=0.1)
    logit = np.log(0.1 / (0.1 * 0.9))
    half = Z * np.sqrt(0.9 / (0.1 * 100))
    assert numbers(rate) == pytest.approx(tuple(1 / (1 + np.exp(-(logit + d))) for d in (0, -half, half)))


def test_where_nothing_is_found_ppv_is_zero_up_to_its_high_end() -> None:
    rate = ppv(sensitivity=(0, 100), specificity=SP, prevalence=0.04)
    assert (rate.value, rate.low) == (0.0, 0.0)
    assert rate.high is not None
    assert 0 < rate.high < 0.3


def test_where_nobody_is_flagged_ppv_says_nothing() -> None:
    assert numbers(ppv(sensitivity=(0, 9), specificity=(9, 9), prevalence=0.5)) == (None, 0.0, 1.0)


@pytest.mark.parametrize("counts", [((0, 0), SP), (SE, (0, 0))])
def test_without_patients_there_is_no_ppv(counts: tuple[Counts, Counts]) -> None:
    rate = ppv(sensitivity=counts[0], specificity=counts[1], prevalence=0.04)
    assert numbers(rate) == (None, None, None)
    assert rate.method == "no patients"


@given(
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.floats(1e-6, 1 - 1e-6),
)
def test_any_counts_give_an_ordered_interval(se: Counts, sp: Counts, prevalence: float) -> None:
    for rate in (f(sensitivity=se, specificity=sp, prevalence=prevalence) for f in (ppv, npv)):
        assert rate.low is not None
        assert rate.high is not None
        assert 0 <= rate.low <= rate.high <= 1
        assert rate.value is None or rate.low <= rate.value <= rate.high


def test_false_alarms_give_the_specified_vectors() -> None:
    some = false_alarms_per_1000(specificity=SP, prevalence=0.04)
    none = false_alarms_per_1000(specificity=(1000, 1000), prevalence=0.04)
    assert some.value == pytest.approx(9.6)
    assert (some.low, some.high) == pytest.approx((5.22, 17.58), abs=5e-3)
    assert (none.value, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(3.674, abs=5e-4)


def test_false_alarms_transform_specificity_to_six_digits() -> None:
    """1000 · 0.96 · (1 − 0.994559), 1000 · 0.96 · (1 − 0.981691) of the Wilson vector."""
    rate = false_alarms_per_1000(specificity=SP, prevalence=0.04)
    assert (rate.low, rate.high) == pytest.approx((960 * (1 - 0.994559), 960 * (1 - 0.981691)), abs=1e-3)


def test_natural_frequencies_count_people() -> None:
    rare = natural_frequencies(sensitivity=SE, specificity=SP, prevalence=0.0001)
    common = natural_frequencies(sensitivity=SE, specificity=SP, prevalence=0.04)
    assert (rare.population, rare.true_positives, rare.false_positives) == (1_000_000, 95, 9_999)
    assert (common.population, common.true_positives, common.false_positives) == (2_500, 95, 24)
    assert (common.false_negatives, common.true_negatives) == (5, 2_376)


@given(st.floats(1e-6, 1 - 1e-6), st.integers(0, 50), st.integers(0, 50))
def test_people_add_up(prevalence: float, found: int, cleared: int) -> None:
    people = natural_frequencies(sensitivity=(found, 50), specificity=(cleared, 50), prevalence=prevalence)
    parts = (people.true_positives, people.false_positives, people.false_negatives, people.true_negatives)
    assert sum(parts) == people.population
    assert min(parts) >= 0


def test_scans_and_flags_for_each_cancer() -> None:
    scans = scans_per_cancer(sensitivity=SE, prevalence=0.0001)
    assert scans.value == pytest.approx(1 / (0.95 * 0.0001))
    assert (scans.low, scans.high) == pytest.approx((1e4 / 0.978456, 1e4 / 0.888250), rel=1e-6)
    flags = flags_per_true_positive(ppv(sensitivity=SE, specificity=SP, prevalence=0.0001))
    assert flags.value == pytest.approx(1 / 0.00941153, rel=1e-6)
    assert scans_per_cancer(sensitivity=(0, 10), prevalence=0.1).value is None


def test_a_curve_is_ppv_at_each_prevalence() -> None:
    points = ppv_curve(sensitivity=SE, specificity=SP, prevalences=[0.0001, 0.04])
    assert [point.ppv.value for point in points] == pytest.approx([0.00941153, 0.798319], rel=1e-6)


@pytest.mark.parametrize("impossible", [0.0, 1.0, 2.0, -0.1, float("nan"), float("inf"), 1e-300])
def test_an_impossible_prevalence_is_refused_by_all(impossible: float) -> None:
    with pytest.raises(UsageError, match="prevalence"):
        ppv(sensitivity=SE, specificity=SP, prevalence=impossible)
    with pytest.raises(UsageError, match="prevalence"):
        false_alarms_per_1000(specificity=SP, prevalence=impossible)
    with pytest.raises(UsageError, match="prevalence"):
        natural_frequencies(sensitivity=SE, specificity=SP, prevalence=impossible)


def test_people_need_both_kinds_of_patients() -> None:
    with pytest.raises(UsageError, match="at least one patient"):
        natural_frequencies(sensitivity=(0, 0), specificity=SP, prevalence=0.1)
