"""What single hospitals say, against scipy."""

import numpy as np
import pytest
from scipy.stats import kendalltau, t, ttest_rel
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from evaluator.ranking.hospitals import (
    hospital_scores,
    kendall,
    leave_one_out,
    mean_limits,
    new_hospital,
    pooled_limits,
    rate_limits,
    reaches,
)
from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell, Panel
from evaluator.ranking.records import net_limits
from evaluator.statistics.intervals import wilson_limits


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
    score = hospital_scores(panel, "A", reaches(panel))[0]
    assert score.value == pytest.approx(0.9 - 0.2)
    expected = confint_proportions_2indep(18, 20, 6, 30, method="newcomb", compare="diff")
    assert (score.low, score.high) == pytest.approx(expected, abs=1e-9)
    assert (score.patients, score.cases) == (50, 50)


def two_truths(counts: dict[str, tuple[int, int, int, int]]) -> Panel:
    """Of each hospital: cancers answered rightly, cancers, others answered rightly, others."""
    cells = [
        Cell(hospital=name, group=group, weight=1.0, answers=np.array([1.0] * k + [0.0] * (n - k))[:, None])
        for name, (found, cancers, cleared, others) in counts.items()
        for group, k, n in ((POSITIVE, found, cancers), (NEGATIVE, cleared, others))
    ]
    return Panel(
        models=("m",),
        hospitals=tuple(counts),
        cells=tuple(cells),
        offset=-1.0,
        pooled_weights={POSITIVE: 1.0, NEGATIVE: 1.0},
        cases={name: a + b for name, (_, a, _, b) in counts.items()},
        statistic="",
        limits=(-1.0, 1.0),
    )


def test_with_one_hospital_every_interval_of_the_score_is_the_hospitals() -> None:
    panel = two_truths({"A": (18, 20, 24, 30)})
    reach = reaches(panel)
    score = hospital_scores(panel, "A", reach)[0]
    assert pooled_limits(panel, reach)[:, 0].tolist() == pytest.approx([score.low, score.high])
    limits = rate_limits(panel, reach)
    assert limits is not None
    assert limits[0, :, 0].tolist() == pytest.approx(wilson_limits(18, 20))
    assert limits[1, :, 0].tolist() == pytest.approx(wilson_limits(24, 30))
    se, sp = ((low, high) for low, high in limits[:, :, 0].tolist())
    net = net_limits((0.9, 0.8), se, sp, prevalence=0.5, odds=1.0)
    assert net == pytest.approx((score.low, score.high))


def test_a_net_score_of_a_rare_cancer_is_as_sure_as_its_specificity() -> None:
    low, high = net_limits((0.9, 0.8), (0.8, 0.95), (0.7, 0.85), prevalence=0.04, odds=0.1)
    weight = 0.96 / 0.04 * 0.1
    value = 0.9 - weight * 0.2
    assert (low, high) == pytest.approx(
        (value - np.hypot(0.1, weight * 0.1), value + np.hypot(0.05, weight * 0.05)), abs=1e-12
    )


def test_no_limit_lies_beyond_what_a_score_can_be() -> None:
    panel = two_truths({"A": (5, 5, 5, 5), "B": (6, 6, 6, 6)})
    reach = reaches(panel)
    assert pooled_limits(panel, reach)[1, 0] == 1.0
    limits = rate_limits(panel, reach)
    assert limits is not None
    assert limits[:, 1, 0].tolist() == [1.0, 1.0]


def test_of_a_metric_there_are_no_rates() -> None:
    panel = panel_of(2, 1)
    assert rate_limits(panel, reaches(panel)) is None


def test_the_intervals_hold_what_they_promise() -> None:
    """At three hospitals of unequal size, each with rates of its own: 2,000 panels drawn, standard error 0.5 points."""
    truth = {"A": (0.9, 20, 0.95, 40), "B": (0.6, 60, 0.8, 30), "C": (0.75, 35, 0.99, 120)}
    se, n, sp, m = (np.array(column) for column in zip(*truth.values(), strict=True))
    pooled = (se * n).sum() / n.sum() + (sp * m).sum() / m.sum() - 1
    rng = np.random.default_rng(20261128)
    held = np.zeros(3)
    for _ in range(2000):
        drawn = zip(truth, rng.binomial(n, se), n, rng.binomial(m, sp), m, strict=True)
        panel = two_truths({name: (int(a), int(b), int(c), int(d)) for name, a, b, c, d in drawn})
        reach = reaches(panel)
        rates = rate_limits(panel, reach)
        assert rates is not None
        for number, (value, (low, high)) in enumerate(
            ((pooled, pooled_limits(panel, reach)[:, 0]), (se.mean(), rates[0, :, 0]), (sp.mean(), rates[1, :, 0]))
        ):
            held[number] += low <= value <= high
    assert (held / 2000 > 0.935).all(), held / 2000


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
