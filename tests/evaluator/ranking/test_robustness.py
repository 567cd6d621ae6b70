"""Verdicts, reversals and gaps of planted panels."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import ttest_ind
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep

from evaluator.ranking.attribute_records import AttributeResult
from evaluator.ranking.gaps import gaps
from evaluator.ranking.panel import Panel
from evaluator.ranking.reversals import reversals
from evaluator.ranking.robustness import adjusted, robustness
from evaluator.ranking.strata import strata_of
from tests.evaluator.ranking.panels import planted

TURNED = [[0.95, 0.55, 0.8], [0.55, 0.95, 0.8]]  # m0 is the best of F and the worst of M
SAME = [[0.9, 0.7, 0.8], [0.9, 0.7, 0.8]]


def by_sex(panel: Panel, replicates: int = 300) -> AttributeResult:
    return robustness(panel, ["sex"], replicates=replicates, seed=1)["sex"]


def relabelled(panel: Panel, codes: dict[str, int]) -> Panel:
    """Everybody at a hospital in one group."""
    cells = tuple(replace(cell, labels={"sex": np.full(cell.patients, codes[cell.hospital])}) for cell in panel.cells)
    return replace(panel, cells=cells)


def test_an_order_that_turns_round_changes_and_the_pair_is_named() -> None:
    found = by_sex(planted(TURNED))
    assert found.verdict == "changes"
    assert found.p == found.p_adjusted == pytest.approx(1 / 301)
    assert found.tau is not None
    assert found.tau_null is not None
    assert found.tau < 0 < found.tau_null
    pair = next(one for one in found.reversals if (one.a, one.b) == ("m0", "m1"))
    assert (pair.better_in, pair.worse_in) == ("F", "M")
    assert pair.low > 0 > pair.high_there
    assert "change places beyond doubt" in found.why


def test_an_order_that_is_the_same_shows_no_change() -> None:
    found = by_sex(planted(SAME))
    assert (found.verdict, found.reversals) == ("no change detected", ())
    assert found.p is not None
    assert found.p > 0.05
    assert [order.group for order in found.groups] == ["F", "M"]
    assert sum(order.patients["positive"] or 0 for order in found.groups) == 180


def test_a_group_of_three_is_named_and_counts_for_nothing() -> None:
    """X is 3 of 360 patients and would be the largest gap of all."""
    panel = planted([*SAME, [0.0, 1.0, 0.5]], share=[0.5, 0.49, 0.01])
    found = by_sex(panel)
    assert found.too_few == ("X",)
    assert [order.group for order in found.groups] == ["F", "M"]
    assert {gap.group for gap in found.gaps} == {"F"}


def test_thirty_of_either_truth_are_enough_and_29_are_not() -> None:
    panel = planted(SAME, hospitals=1, n=60)
    for positives, verdict in ((30, "no change detected"), (29, "too few")):
        first, second = panel.cells
        mine = np.arange(60) % 2
        codes = np.r_[np.zeros(60 - positives, dtype=int), np.ones(positives, dtype=int)]
        cells = (replace(first, labels={"sex": codes}), replace(second, labels={"sex": mine}))
        found = by_sex(replace(panel, cells=cells))
        assert found.verdict == verdict
        assert ("M" in found.too_few) is (verdict == "too few")


def test_one_group_a_hospital_is_not_separable() -> None:
    found = by_sex(relabelled(planted(SAME, hospitals=2), {"H0": 0, "H1": 1}))
    assert (found.verdict, found.p, found.p_adjusted, found.tau_null) == ("not separable", None, None, None)
    assert found.tau is not None


def test_hospitals_are_compared_with_each_other() -> None:
    panel = planted(SAME, hospitals=3)
    found = robustness(panel, ["hospital"], replicates=200, seed=1)["hospital"]
    assert [order.group for order in found.groups] == ["H0", "H1", "H2"]
    assert found.p is not None


def test_one_model_one_hospital_and_an_attribute_of_nobody_are_sentences() -> None:
    panel = planted(SAME, hospitals=1, n=120)
    one_model = robustness(panel.only(["m0"]), ["sex"], replicates=50, seed=1)["sex"]
    assert (one_model.verdict, one_model.why) == ("too few", "It takes two models to have an order.")
    one_hospital = robustness(panel, ["hospital"], replicates=50, seed=1)["hospital"]
    assert one_hospital.verdict == "too few"
    nobody = robustness(panel, ["race"], replicates=50, seed=1)["race"]
    assert (nobody.verdict, nobody.why) == ("too few", "It is known of no patient.")


@pytest.mark.parametrize("right", [0.0, 1.0])
def test_models_that_are_all_right_or_all_wrong_have_no_order_and_no_nan(right: float) -> None:
    found = by_sex(planted([[right] * 3] * 2), replicates=99)
    assert (found.verdict, found.p, found.tau, found.tau_null) == ("no change detected", 1.0, None, None)
    assert all(np.isfinite([gap.low, gap.high]).all() for gap in found.gaps)


def test_holm_is_statsmodels_over_those_that_could_be_tested() -> None:
    p = {"a": 0.01, "b": None, "c": 0.04, "d": 0.03}
    found = adjusted({name: AttributeResult(verdict="too few", why="", p=value) for name, value in p.items()})
    expected = multipletests([0.01, 0.04, 0.03], method="holm")[1].tolist()
    assert [found[name].p_adjusted for name in "acd"] == pytest.approx(expected)
    assert (found["b"].verdict, found["b"].p_adjusted) == ("too few", None)


def test_an_attributes_draws_do_not_depend_on_the_other_attributes() -> None:
    panel = planted(TURNED)
    alone = robustness(panel, ["sex"], replicates=99, seed=1)["sex"]
    beside = robustness(panel, ["hospital", "sex"], replicates=99, seed=1)["sex"]
    assert alone.p == beside.p
    assert alone.groups == beside.groups


def test_a_reversals_interval_is_the_difference_with_its_joint_critical_value() -> None:
    strata = strata_of(planted(TURNED), "sex")
    found, critical = reversals(strata, replicates=500, rng=np.random.default_rng(1))
    assert critical is not None
    assert critical > 1.96
    pair = next(one for one in found if (one.a, one.b) == ("m0", "m1"))
    variance = sum(((strata.answers(k, 0)[:, 0] - strata.answers(k, 0)[:, 1]) ** 2).sum() / strata.counts[k, 0] ** 2
                   for k in (0, 1))  # fmt: skip
    assert pair.high - pair.difference == pytest.approx(critical * np.sqrt(variance))
    assert pair.difference - pair.low == pytest.approx(critical * np.sqrt(variance))


def test_equal_groups_hardly_ever_show_a_reversal() -> None:
    """Two equal models: a reversal needs two errors at once, so of 200 panels at most a few have one."""
    turned = [
        bool(reversals(strata_of(planted([[0.8, 0.8]] * 2, seed=s), "sex"), replicates=99,
                       rng=np.random.default_rng(s))[0])
        for s in range(200)
    ]  # fmt: skip
    assert sum(turned) <= 5


def test_a_gap_of_rates_is_newcombes_and_one_of_means_students() -> None:
    panel = planted(TURNED, hospitals=1, n=100)
    strata = strata_of(panel, "sex")
    found = next(gap for gap in gaps(strata) if gap.measure == "sensitivity" and gap.model == "m0")
    inside, rest = strata.answers(0, 0)[:, 0], strata.answers(0, 1)[:, 0]
    expected = confint_proportions_2indep(
        inside.sum(), len(inside), rest.sum(), len(rest), method="newcomb", compare="diff"
    )
    assert found.difference == pytest.approx(inside.mean() - rest.mean())
    assert (found.low, found.high) == pytest.approx(expected)
    assert {gap.measure for gap in gaps(strata)} == {"sensitivity", "specificity"}


def test_a_gap_of_means_is_close_to_welchs_interval() -> None:
    rng = np.random.default_rng(2)
    panel = planted(SAME, hospitals=1, n=400)
    cells = tuple(replace(cell, answers=rng.normal(0.6, 0.1, cell.answers.shape)) for cell in panel.cells)
    strata = strata_of(replace(panel, cells=cells), "sex")
    found = next(iter(gaps(strata)))
    welch = ttest_ind(strata.answers(0, 0)[:, 0], strata.answers(0, 1)[:, 0], equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((welch.low, welch.high), abs=5e-4)
