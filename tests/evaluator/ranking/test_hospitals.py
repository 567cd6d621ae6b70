"""What single hospitals say, against scipy."""

import numpy as np
import pytest
from scipy.stats import kendalltau, t, ttest_rel
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from evaluator.ranking.hospitals import hospital_scores, kendall, leave_one_out, mean_limits, new_hospital
from evaluator.ranking.panel import Cell, Panel


def panel_of(hospitals: int, models: int, *, seed: int = 0, n: int = 12) -> Panel:
    rng = np.random.default_rng(seed)
    cells = tuple(
        Cell(hospital=f"H{h}", group="patients", weight=1.0, answers=np.round(rng.normal(0.5, 0.2, (n, models)), 1))
        for h in range(hospitals)
    )
    return Panel(
        models=tuple(f"m{m}" for m in range(models)),
        hospitals=tuple(f"H{h}" for h in range(hospitals)),
        cells=cells,
        offset=0.0,
        pooled_weights={"patients": 1.0},
        cases={f"H{h}": n for h in range(hospitals)},
        statistic="",
    )


def test_a_mean_of_a_metric_has_students_interval_and_a_share_wilsons() -> None:
    values = np.array([0.2, 0.4, 0.9, 0.5])
    expected = t.interval(0.95, 3, loc=values.mean(), scale=values.std(ddof=1) / 2)
    share = np.array([1.0, 1.0, 0.0, 0.0])
    limits = mean_limits(np.column_stack([values, share]))
    assert limits[:, 0].tolist() == pytest.approx(expected)
    assert limits[:, 1].tolist() == pytest.approx(proportion_confint(2, 4, method="wilson"))


def test_sensitivity_and_specificity_are_joined_as_newcombe_joins_two_proportions() -> None:
    """θ = Se − (1 − Sp) is a difference of independent proportions: 18/20 and 6/30."""
    answers = [np.array([1.0] * 18 + [0.0] * 2)[:, None], np.array([1.0] * 24 + [0.0] * 6)[:, None]]
    panel = Panel(
        models=("m",),
        hospitals=("A",),
        cells=tuple(Cell(hospital="A", group=g, weight=1.0, answers=y) for g, y in zip("pn", answers, strict=True)),
        offset=-1.0,
        pooled_weights={"p": 1.0, "n": 1.0},
        cases={"A": 50},
        statistic="",
    )
    score = hospital_scores(panel, "A")[0]
    assert score.value == pytest.approx(0.9 - 0.2)
    expected = confint_proportions_2indep(18, 20, 6, 30, method="newcomb", compare="diff")
    assert (score.low, score.high) == pytest.approx(expected, abs=1e-9)
    assert (score.patients, score.cases) == (50, 50)


@pytest.mark.parametrize("seed", range(3))
def test_kendalls_tau_is_scipys(seed: int) -> None:
    panel = panel_of(3, 6, seed=seed, n=4)
    theta = panel.scores().round(12)
    found = kendall(panel)
    expected = [kendalltau(theta[g], theta[h], variant="b").statistic for g, h in ((0, 1), (0, 2), (1, 2))]
    assert [pair.tau for pair in found.pairs] == pytest.approx(expected)
    assert found.mean == pytest.approx(np.mean(expected))


def test_a_single_model_has_no_order_and_a_single_hospital_no_agreement() -> None:
    assert kendall(panel_of(2, 1)).pairs[0].tau is None
    assert kendall(panel_of(2, 1)).mean is None
    assert kendall(panel_of(1, 4)).pairs == ()


def test_leaving_a_hospital_out_ranks_by_the_others() -> None:
    panel = panel_of(3, 4, seed=5)
    theta = panel.scores()
    without = theta[[0, 2]].mean(axis=0)
    expected = {f"m{m}": 1 + sum(other > without[m] for other in without) for m in range(4)}
    assert leave_one_out(panel)["H1"] == expected
    assert leave_one_out(panel_of(1, 4)) == {}


def test_a_new_hospital_is_not_estimable_from_four() -> None:
    found = new_hospital(panel_of(4, 3))
    assert (found.verdict, found.pairs) == ("not estimable", ())


def test_a_new_hospital_is_scipys_paired_t_with_holm() -> None:
    panel = panel_of(6, 3, seed=2)
    theta = panel.scores()
    found = new_hospital(panel)
    tests = [ttest_rel(theta[:, a], theta[:, b]) for a, b in ((0, 1), (0, 2), (1, 2))]
    assert [pair.p for pair in found.pairs] == pytest.approx([test.pvalue for test in tests])
    assert [pair.p_adjusted for pair in found.pairs] == pytest.approx(
        multipletests([test.pvalue for test in tests], method="holm")[1].tolist()
    )
    limits = tests[0].confidence_interval()
    assert (found.pairs[0].low, found.pairs[0].high) == pytest.approx((limits.low, limits.high))


def test_the_prediction_is_the_formula_written_out() -> None:
    panel = panel_of(6, 2, seed=3)
    apart = panel.scores()[:, 0] - panel.scores()[:, 1]
    within = np.mean([np.var(c.answers[:, 0] - c.answers[:, 1], ddof=1) / c.patients for c in panel.cells])
    reach = t.ppf(0.975, 4) * np.sqrt(max(0, apart.var(ddof=1) - within) + apart.var(ddof=1) / 6)
    (pair,) = new_hospital(panel).pairs
    assert (pair.prediction_low, pair.prediction_high) == pytest.approx((apart.mean() - reach, apart.mean() + reach))


def test_equal_differences_everywhere_are_no_variation() -> None:
    answers = np.array([[0.5, 0.25], [0.75, 0.5]])
    panel = Panel(
        models=("a", "b"),
        hospitals=tuple("ABCDE"),
        cells=tuple(Cell(hospital=h, group="patients", weight=1.0, answers=answers) for h in "ABCDE"),
        offset=0.0,
        pooled_weights={"patients": 1.0},
        cases=dict.fromkeys("ABCDE", 2),
        statistic="",
    )
    (pair,) = new_hospital(panel).pairs
    assert (pair.mean, pair.p, pair.method) == (0.25, None, "no variation")
