"""The award's verdicts: numbers of the specification, and each way not to pass."""

import pytest
from scipy.stats import binomtest

from evaluator.errors import UsageError
from evaluator.statistics.goals import Verdict, judge_goal, patients_needed


@pytest.mark.parametrize(("goal", "needed"), [(0.92, 45), (0.96, 91), (0.44, 5)])
def test_the_fewest_patients_are_those_of_the_specification(goal: float, needed: int) -> None:
    assert patients_needed(goal) == needed
    assert judge_goal({"A": (needed - 1, needed - 1)}, goal=goal).verdict is Verdict.TOO_FEW
    assert judge_goal({"A": (needed, needed)}, goal=goal).verdict is Verdict.EXCEEDS


@pytest.mark.parametrize("goal", [0.01, 0.5, 0.8, 0.99, 0.999])
def test_fewer_than_needed_could_not_pass_and_as_many_can(goal: float) -> None:
    needed = patients_needed(goal)
    bound = binomtest(needed, needed).proportion_ci(method="exact").low
    assert bound > goal
    if needed > 1:
        assert binomtest(needed - 1, needed - 1).proportion_ci(method="exact").low <= goal


def test_a_rate_that_is_surely_above_exceeds() -> None:
    verdict = judge_goal({"A": (120, 122), "B": (118, 120)}, goal=0.92)
    assert verdict.verdict is Verdict.EXCEEDS
    assert (verdict.rate.k, verdict.rate.n) == (238, 242)
    assert verdict.p == pytest.approx(binomtest(238, 242, 0.92, alternative="greater").pvalue)
    assert "238/242" in verdict.sentence


def test_a_rate_that_may_be_lower_does_not() -> None:
    verdict = judge_goal({"A": (95, 100)}, goal=0.92)
    assert verdict.verdict is Verdict.DOES_NOT
    assert "leaves room" in verdict.sentence


def test_one_hospital_that_is_surely_below_spoils_it() -> None:
    verdict = judge_goal({"A": (990, 1000), "B": (15, 25)}, goal=0.92)
    assert verdict.rate.low is not None
    assert verdict.rate.low > 0.92
    assert verdict.verdict is Verdict.DOES_NOT
    assert verdict.hospitals_below == ("B",)
    assert "surely below it at B" in verdict.sentence


def test_no_patients_are_too_few() -> None:
    assert judge_goal({}, goal=0.92).verdict is Verdict.TOO_FEW
    assert "45 are needed" in judge_goal({"A": (0, 0)}, goal=0.92).sentence


@pytest.mark.parametrize("goal", [0.0, 1.0, 1.5, float("nan")])
def test_an_impossible_goal_is_refused(goal: float) -> None:
    with pytest.raises(UsageError, match="goal"):
        judge_goal({"A": (1, 2)}, goal=goal)


def test_with_few_patients_what_is_surely_below_the_goal_is_not_called_too_few() -> None:
    found = judge_goal({"A": (2, 26)}, goal=0.92)
    assert (found.verdict, found.needed) == (Verdict.DOES_NOT, 45)
    assert found.sentence == "Does not exceed 92 %: 2/26, surely below it."
    assert judge_goal({"A": (25, 26)}, goal=0.92).verdict is Verdict.TOO_FEW


@pytest.mark.parametrize(
    ("hospitals", "said"),
    [
        ({"A": (50, 100)}, "surely below"),
        ({"A": (990, 1000), "B": (15, 25)}, "surely below somewhere"),
        ({"A": (94, 100)}, "not proven"),
        ({"A": (1000, 1000)}, ""),
        ({"A": (20, 20)}, ""),
    ],
)
def test_how_sure_it_is_that_a_goal_is_not_exceeded(hospitals: dict[str, tuple[int, int]], said: str) -> None:
    assert judge_goal(hospitals, goal=0.92).why_not == said
