"""The permutation test of the interaction, against loops that follow its definition."""

import numpy as np
import pytest
from scipy.stats import kendalltau, kstest

from evaluator.ranking.interaction import interact, q_statistic
from evaluator.ranking.panel import Cell, Panel
from evaluator.ranking.strata import strata_of
from tests.evaluator.ranking.panels import planted


def rates(panel: Panel, codes: list[np.ndarray], groups: int) -> tuple[np.ndarray, np.ndarray]:
    """θ = Se − (1 − Sp) of every group and model, patient by patient, and 1/n⁺ + 1/n⁻ of every group."""
    theta, spread = np.full((groups, len(panel.models)), -1.0), np.zeros(groups)
    for kind in ("positive", "negative"):
        for g in range(groups):
            rows = [
                row
                for cell, code in zip(panel.cells, codes, strict=True)
                if cell.group == kind
                for row, c in zip(cell.answers, code, strict=True)
                if c == g
            ]
            theta[g] += np.mean(rows, axis=0)
            spread[g] += 1 / len(rows)
    return theta, spread


def q_by_loops(theta: np.ndarray, spread: np.ndarray) -> float:
    total, weight = 0.0, 1 / spread
    for g in range(len(theta)):
        for m in range(theta.shape[1]):
            over_groups = sum(w * row[m] for w, row in zip(weight, theta, strict=True)) / weight.sum()
            everything = sum(w * row.mean() for w, row in zip(weight, theta, strict=True)) / weight.sum()
            total += (theta[g, m] - theta[g].mean() - over_groups + everything) ** 2 / spread[g]
    return total


def test_q_is_the_formula_written_out() -> None:
    panel = planted([[0.9, 0.6, 0.7], [0.7, 0.8, 0.9], [0.5, 0.9, 0.6]], n=150)
    strata = strata_of(panel, "sex")
    expected = q_by_loops(*rates(panel, [cell.labels["sex"] for cell in panel.cells], 3))
    assert q_statistic(strata.scores(strata.sums()), strata.counts, strata.weights) == pytest.approx(expected)


def test_with_two_groups_q_is_a_sum_of_squared_differences() -> None:
    """2 groups: θ_g − centre is the difference times the other's share, so Q = Σ_m d_m² / (v₁ + v₂)."""
    panel = planted([[0.9, 0.6], [0.7, 0.8]])
    theta, spread = rates(panel, [cell.labels["sex"] for cell in panel.cells], 2)
    apart = (theta[0] - theta[0].mean()) - (theta[1] - theta[1].mean())
    strata = strata_of(panel, "sex")
    assert q_statistic(strata.scores(strata.sums()), strata.counts, strata.weights) == pytest.approx(
        (apart**2).sum() / spread.sum()
    )


def test_p_is_that_of_labels_shuffled_by_hand() -> None:
    panel = planted([[0.85, 0.75, 0.8], [0.75, 0.85, 0.8]], seed=3, hospitals=2)
    codes = [cell.labels["sex"] for cell in panel.cells]
    observed = q_by_loops(*rates(panel, codes, 2))
    rng = np.random.default_rng(8)
    shuffled = [q_by_loops(*rates(panel, [rng.permutation(code) for code in codes], 2)) for _ in range(400)]
    by_hand = (1 + sum(q >= observed - 1e-12 for q in shuffled)) / 401
    found = interact(strata_of(panel, "sex"), permutations=4000, rng=np.random.default_rng(1))
    assert found.p == pytest.approx(by_hand, abs=4 * np.sqrt(by_hand * (1 - by_hand) / 400))
    assert 0.01 < by_hand < 0.9


def test_tau_is_that_of_the_group_against_the_rest() -> None:
    panel = planted(np.linspace(0.5, 0.95, 18).reshape(3, 6), seed=4, n=120)
    strata = strata_of(panel, "sex")
    found = interact(strata, permutations=30, rng=np.random.default_rng(1))
    codes = [cell.labels["sex"] for cell in panel.cells]
    for g in range(3):
        mine, _ = rates(panel, [(code != g).astype(int) for code in codes], 2)
        assert found.tau[g] == pytest.approx(kendalltau(mine[0].round(12), mine[1].round(12)).statistic)
    assert found.tau_null.shape == (30, 3)


def test_random_groups_have_the_same_make_up() -> None:
    """Every permutation deals out all the answers: the sums over groups never change."""
    strata = strata_of(planted([[0.9, 0.6], [0.7, 0.8]]), "sex")
    for piece in strata.permuted_sums(times=50, rng=np.random.default_rng(1)):
        assert (piece.sum(axis=2) == strata.sums().sum(axis=1)).all()
        assert piece.std(axis=0).max() > 0


def test_hospitals_that_differ_are_no_interaction_with_sex() -> None:
    """Women go to the hospital where model 0 is better; within each hospital sex changes nothing."""
    rng = np.random.default_rng(5)
    cells = []
    for h, (share, chance) in enumerate([(0.9, (0.95, 0.5)), (0.1, (0.5, 0.95))]):
        for kind in ("positive", "negative"):
            codes = (rng.random(400) > share).astype(int)
            right = (rng.random((400, 2)) < chance).astype(float)
            cells.append(Cell(hospital=f"H{h}", group=kind, weight=1.0, answers=right, labels={"sex": codes}))
    panel = Panel(
        models=("a", "b"),
        hospitals=("H0", "H1"),
        cells=tuple(cells),
        offset=-1.0,
        pooled_weights={"positive": 1.0, "negative": 1.0},
        cases={},
        statistic="",
        groups={"sex": ("F", "M")},
    )
    by_sex = interact(strata_of(panel, "sex"), permutations=500, rng=rng)
    by_hospital = interact(strata_of(panel, "hospital"), permutations=500, rng=rng)
    assert by_sex.p is not None
    assert by_sex.p > 0.05
    assert by_hospital.p == pytest.approx(1 / 501)


def test_where_there_is_nothing_p_is_uniform() -> None:
    p = [
        interact(
            strata_of(planted([[0.8, 0.7, 0.9]] * 2, seed=s, n=50), "sex"),
            permutations=99,
            rng=np.random.default_rng(s),
        ).p
        for s in range(150)
    ]
    assert kstest(np.array(p, dtype=float), "uniform").pvalue > 0.001
    assert np.mean(np.array(p, dtype=float) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 150)


def test_a_metric_that_is_not_zero_or_one_is_tested_too() -> None:
    rng = np.random.default_rng(6)
    cells = []
    for h in range(2):
        codes = rng.integers(0, 2, 80)
        level = np.array([[0.5, 0.8], [0.8, 0.5]])[codes]
        answers = level + rng.normal(0, 0.1, (80, 2))
        cells.append(Cell(hospital=f"H{h}", group="patients", weight=1.0, answers=answers, labels={"sex": codes}))
    panel = Panel(
        models=("a", "b"),
        hospitals=("H0", "H1"),
        cells=tuple(cells),
        offset=0.0,
        pooled_weights={"patients": 1.0},
        cases={},
        statistic="",
        groups={"sex": ("F", "M")},
    )
    found = interact(strata_of(panel, "sex"), permutations=199, rng=rng)
    assert (found.p, found.tau.tolist()) == (1 / 200, [-1, -1])
