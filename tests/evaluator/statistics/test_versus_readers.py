"""Both goals together: the specification's sample sizes, finalists, and what is said of new hospitals."""

from functools import cache

import numpy as np
import pytest
from scipy.stats import binom
from statsmodels.stats.multitest import multipletests

from evaluator.errors import UsageError
from evaluator.statistics.goals import Verdict, judge_goal
from evaluator.statistics.versus_readers import (
    NewHospitalBounds,
    NewHospitals,
    ReadersVerdict,
    judge_against_readers,
    judge_finalists,
)


def judge(se: tuple[int, int], sp: tuple[int, int], bounds: NewHospitalBounds | None = None) -> ReadersVerdict:
    return judge_against_readers(
        sensitivity={"A": se},
        specificity={"A": sp},
        sensitivity_goal=0.92,
        specificity_goal=0.96,
        new_hospitals=bounds,
    )


@cache
def fewest_to_pass(n: int, goal: float) -> int:
    return next(
        k for k in range(int(goal * n), n + 1) if judge_goal({"A": (k, n)}, goal=goal).verdict is Verdict.EXCEEDS
    )


def power(n: int, goal: float, truth: float) -> float:
    return float(binom.sf(fewest_to_pass(n, goal) - 1, n, truth))


def test_242_cancers_and_323_negatives_give_80_percent_joint_power() -> None:
    # Exact power is a sawtooth: these are the sizes from which each goal's stays above 0.9, so that both have 0.8.
    for n, goal, truth in ((242, 0.92, 0.97), (323, 0.96, 0.99)):
        assert power(n - 1, goal, truth) < 0.9
        assert min(power(more, goal, truth) for more in range(n, n + 60)) >= 0.9
    assert power(242, 0.92, 0.97) * power(323, 0.96, 0.99) == pytest.approx(0.8942, abs=5e-5)


@pytest.mark.parametrize(("n", "goal"), [(45, 0.92), (91, 0.96), (242, 0.92), (323, 0.96)])
def test_the_exact_p_and_the_exact_bound_never_disagree(n: int, goal: float) -> None:
    for k in range(n - 30, n + 1):
        one = judge_goal({"A": (k, n)}, goal=goal)
        assert one.p is not None
        assert (one.verdict is Verdict.EXCEEDS) == (one.p < 0.025)


def test_the_larger_p_counts() -> None:
    verdict = judge((240, 242), (319, 323))
    p = binom.sf(239, 242, 0.92), binom.sf(318, 323, 0.96)
    assert (verdict.sensitivity.p, verdict.specificity.p) == pytest.approx(p)
    assert verdict.p == pytest.approx(max(p))
    assert verdict.verdict is Verdict.EXCEEDS
    assert verdict.sentence.startswith("Exceeds published range at these hospitals: sensitivity 240/242")


@pytest.mark.parametrize(
    ("se", "sp", "expected"),
    [
        ((240, 242), (310, 323), Verdict.DOES_NOT),
        ((225, 242), (322, 323), Verdict.DOES_NOT),
        ((44, 44), (322, 323), Verdict.TOO_FEW),
        ((240, 242), (90, 90), Verdict.TOO_FEW),
        ((44, 44), (310, 323), Verdict.DOES_NOT),
        ((0, 0), (0, 0), Verdict.TOO_FEW),
    ],
)
def test_both_must_exceed(se: tuple[int, int], sp: tuple[int, int], expected: Verdict) -> None:
    verdict = judge(se, sp)
    assert verdict.verdict is expected
    assert "None" not in verdict.sentence
    assert "at these hospitals" not in verdict.sentence


def test_of_new_hospitals_nothing_is_said_below_five() -> None:
    good = {"sensitivity_low": 0.93, "specificity_low": 0.97}
    passed = (240, 242), (322, 323)
    assert judge(*passed).new_hospitals is NewHospitals.NOT_ESTIMABLE
    assert judge(*passed, NewHospitalBounds(hospitals=4, **good)).new_hospitals is NewHospitals.NOT_ESTIMABLE
    five = judge(*passed, NewHospitalBounds(hospitals=5, **good))
    assert five.new_hospitals is NewHospitals.EXCEEDS
    assert "and at new hospitals" in five.sentence
    wide = NewHospitalBounds(hospitals=9, sensitivity_low=0.93, specificity_low=0.95)
    assert judge(*passed, wide).new_hospitals is NewHospitals.DOES_NOT
    failed = judge((225, 242), (322, 323), NewHospitalBounds(hospitals=5, **good))
    assert failed.new_hospitals is NewHospitals.DOES_NOT


def test_the_luckiest_of_many_finalists_is_not_taken_for_good() -> None:
    lucky, good, few = judge((232, 242), (322, 323)), judge((242, 242), (323, 323)), judge((0, 0), (1, 1))
    assert lucky.verdict is Verdict.EXCEEDS
    others = {f"team {n}": judge((225, 242), (310, 323)) for n in range(17)}
    found = judge_finalists({"lucky": lucky, "good": good, "few": few, **others})
    expected = multipletests(
        [1.0 if one.alone.p is None else one.alone.p for one in found.values()], alpha=0.025, method="holm"
    )
    assert [one.p_adjusted for one in found.values()] == pytest.approx(list(expected[1]))
    assert (found["lucky"].verdict, found["good"].verdict) == (Verdict.DOES_NOT, Verdict.EXCEEDS)
    assert (found["few"].verdict, found["few"].p_adjusted) == (Verdict.TOO_FEW, 1.0)
    assert "luckiest" in found["lucky"].sentence
    assert judge_finalists({"lucky": lucky})["lucky"].verdict is Verdict.EXCEEDS
    assert judge_finalists({}) == {}


def test_one_of_20_null_entrants_passes_almost_a_third_of_the_time_and_with_holm_hardly_ever() -> None:
    # Null: sensitivity at the goal, specificity perfect. Exact, from the binomial, whose sawtooth makes it 30 % with
    # 250 cancers and 39 % with 242.
    assert 1 - (1 - power(250, 0.92, 0.92)) ** 20 == pytest.approx(0.30, abs=0.005)
    assert 1 - (1 - power(242, 0.92, 0.92)) ** 20 == pytest.approx(0.39, abs=0.005)
    strict = next(k for k in range(243) if binom.sf(k - 1, 242, 0.92) * 20 <= 0.025)
    assert 1 - (1 - binom.sf(strict - 1, 242, 0.92)) ** 20 < 0.025
    rng = np.random.default_rng(4)
    counts = rng.binomial(242, 0.92, size=(300, 20))
    passed = 0
    judged = {int(k): judge((int(k), 242), (323, 323)) for k in np.unique(counts)}
    for entrants in counts:
        found = judge_finalists({str(n): judged[int(k)] for n, k in enumerate(entrants)})
        passed += any(one.verdict is Verdict.EXCEEDS for one in found.values())
    assert passed <= 300 * 0.025 + 3 * np.sqrt(300 * 0.025 * 0.975)


def test_finalists_of_different_goals_are_refused() -> None:
    easy = judge_against_readers(
        sensitivity={"A": (9, 9)}, specificity={"A": (9, 9)}, sensitivity_goal=0.44, specificity_goal=0.96
    )
    with pytest.raises(UsageError, match="different goals"):
        judge_finalists({"a": judge((9, 9), (9, 9)), "b": easy})
