"""A model against readers: the formulas again in R, limits where other tests take over, and the null by simulation."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm, ttest_1samp

from evaluator.errors import UsageError
from evaluator.statistics.readers import Covariance, Figure, ReaderComparison, compare_with_readers
from evaluator.statistics.roc import compare_auc

ORACLE = Path(__file__).parents[2] / "oracles" / "readers.txt"
LINES = [line.split() for line in ORACLE.read_text().splitlines()]
SCORES = np.array([[float(one) for one in line[1:]] for line in LINES if line[0] == "scores"])
TRUTH = np.array([True] * 30 + [False] * 40)


def compare(scores: np.ndarray, figure: Figure, covariance: Covariance = Covariance.JACKKNIFE) -> ReaderComparison:
    return compare_with_readers(scores[0], scores[1:], TRUTH, figure=figure, covariance=covariance)


@pytest.mark.parametrize("line", [line for line in LINES if line[0] != "scores"], ids=lambda line: " ".join(line[:2]))
def test_the_numbers_are_those_of_the_formulas_written_again_in_r(line: list[str]) -> None:
    figure = Figure(line[0])
    found = compare(SCORES if figure is Figure.AUC else SCORES > 9, figure, Covariance(line[1]))
    ours = (
        found.model,
        found.difference,
        found.mean_square,
        found.covariance,
        found.t,
        found.df,
        found.p,
        found.low,
        found.high,
    )
    assert ours == pytest.approx([float(one) for one in line[2:]], abs=2e-10, rel=1e-8)


def test_readers_who_all_read_alike_leave_delongs_paired_test() -> None:
    alike = np.vstack([SCORES[0], np.tile(SCORES[3], (4, 1))])
    found = compare(alike, Figure.AUC, Covariance.DELONG)
    expected = compare_auc(SCORES[0], SCORES[3], TRUTH)
    assert (found.difference, found.p) == pytest.approx((expected.difference, expected.p))
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.df is None


def test_cases_that_do_not_tie_readers_together_leave_the_t_test_of_their_differences() -> None:
    # Each reader misses other cancers, so the readers' answers are negatively correlated over cases and Cov₂ is not
    # counted; what is left is Student's test of the five differences.
    calls = np.ones((6, 30))
    start = 0
    for reader, missed in enumerate((2, 4, 3, 5, 4), start=1):
        calls[reader, start : start + missed] = 0
        start += missed
    answers = np.hstack([calls, np.zeros((6, 40))])
    found = compare(answers, Figure.SENSITIVITY)
    expected = ttest_1samp(1 - calls[1:].mean(axis=1), 0.0)
    assert found.covariance is not None
    assert found.covariance < 0
    assert (found.t, found.df, found.p) == pytest.approx((expected.statistic, 4, expected.pvalue))
    assert found.sentence.startswith("Superior on the same cases: sensitivity 1.000 against 0.880")


def test_a_model_that_is_worse_is_inferior_and_one_like_the_others_is_not_told_apart() -> None:
    worse = compare(np.vstack([SCORES[0] * np.where(TRUTH, 0.6, 1), SCORES[1:]]), Figure.AUC)
    assert worse.sentence.startswith("Inferior on the same cases")
    alike = compare(SCORES[[1, 2, 3, 4]], Figure.AUC)
    assert alike.sentence.startswith("Not shown to differ from readers on the same cases: AUC")


def roe_metz(rng: np.random.Generator, *, readers: int, cases: int) -> tuple[np.ndarray, np.ndarray]:
    """Latent ratings of readers and a model of the same expected AUC, on shared cases (Roe & Metz 1997)."""
    shared, own, skill, shift = 0.5, 0.5, 0.08, 1.5
    truth = np.repeat([True, False], [cases, 2 * cases])
    case = rng.normal(0, math.sqrt(shared), len(truth))
    ability = rng.normal(0, math.sqrt(skill), (readers, 2))
    noise = rng.normal(0, math.sqrt(own), (readers + 1, len(truth)))
    mean = norm.cdf(shift / math.sqrt(2 * (shared + own) + 2 * skill))  # of a reader drawn at random
    fixed = norm.ppf(mean) * math.sqrt(2 * (shared + own))
    level = np.vstack([np.where(truth, fixed, 0), np.where(truth, shift + ability[:, :1], ability[:, 1:])])
    return level + case + noise, truth


@pytest.mark.parametrize("covariance", list(Covariance))
def test_the_null_is_rejected_in_5_percent(covariance: Covariance) -> None:
    rng, replicates, rejected = np.random.default_rng(45), 1000, 0
    for _ in range(replicates):
        ratings, truth = roe_metz(rng, readers=6, cases=40)
        found = compare_with_readers(ratings[0], ratings[1:], truth, figure=Figure.AUC, covariance=covariance)
        assert found.p is not None
        rejected += found.p < 0.05
    assert rejected / replicates == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / replicates))


def test_the_null_of_sensitivity_is_rejected_in_5_percent() -> None:
    rng, replicates, rejected, readers, cases = np.random.default_rng(46), 2000, 0, 6, 120
    spread = math.sqrt(1 + 0.08)
    for _ in range(replicates):
        case = rng.normal(0, math.sqrt(0.5), cases)
        ability = np.concatenate([[0.7 / spread], 0.7 + rng.normal(0, math.sqrt(0.08), readers)])
        calls = ability[:, None] + case + rng.normal(0, math.sqrt(0.5), (readers + 1, cases)) > 0
        found = compare_with_readers(calls[0], calls[1:], [True] * cases, figure=Figure.SENSITIVITY)
        assert found.p is not None
        rejected += found.p < 0.05
    assert rejected / replicates == pytest.approx(0.05, abs=3 * math.sqrt(0.05 * 0.95 / replicates))


def test_failures_of_the_model_are_its_errors() -> None:
    failed = SCORES.copy()
    failed[0, 0], failed[0, -1] = -math.inf, math.inf
    before, after = compare(SCORES, Figure.AUC), compare(failed, Figure.AUC)
    assert before.model is not None
    assert after.model is not None
    assert after.model < before.model


@pytest.mark.parametrize("figure", list(Figure))
def test_what_cannot_be_tested_is_a_sentence(figure: Figure) -> None:
    calls = (SCORES > 9).astype(float)
    one = compare(calls[:2], figure)
    assert "one reader, whose variation is unknown" in one.sentence
    assert one.difference is not None
    none = compare_with_readers(calls[0], [], TRUTH, figure=figure)
    assert none.sentence.endswith("no readers.")
    perfect = compare(np.tile(TRUTH, (4, 1)), figure)
    assert (perfect.difference, perfect.p, perfect.method) == (0.0, None, "no variation")
    nobody = compare_with_readers([], np.zeros((3, 0)), [], figure=figure)
    assert nobody.sentence.endswith("no patients.")
    two = compare_with_readers([1, 0], [[1, 0], [0, 1]], [True, False], figure=figure)
    assert two.method == "fewer than two patients of a kind"


def test_all_ties_are_no_variation() -> None:
    found = compare(np.full((4, 70), 0.5), Figure.AUC)
    assert (found.model, found.method) == (0.5, "no variation")


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="DeLong"):
        compare(SCORES > 9, Figure.SENSITIVITY, Covariance.DELONG)
    with pytest.raises(ValueError, match="yes or no"):
        compare(SCORES, Figure.SPECIFICITY)
    with pytest.raises(ValueError, match="same patients"):
        compare_with_readers(SCORES[0], SCORES[1:, :5], TRUTH, figure=Figure.AUC)
    with pytest.raises(ValueError, match="one answer for each patient"):
        compare_with_readers(SCORES[0, :5], SCORES[1:], TRUTH, figure=Figure.AUC)
    missing = SCORES.copy()
    missing[2, 3] = math.nan
    with pytest.raises(ValueError, match="not a number"):
        compare(missing, Figure.AUC)
