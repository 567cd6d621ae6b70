"""The panel ranking against its formulas written out, and how often it errs where there is nothing to find."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from evaluator.errors import UsageError
from evaluator.ranking.panel import Cell, Floats, Panel, ranks
from evaluator.ranking.significance import compare_all, deviations, draw_counts, largest_differences, standard_errors


def panel_of(*cells: tuple[str, float, Floats], offset: float = 0.0) -> Panel:
    hospitals = tuple(dict.fromkeys(hospital for hospital, _, _ in cells))
    models = tuple(f"m{n}" for n in range(cells[0][2].shape[1]))
    return Panel(
        models=models,
        hospitals=hospitals,
        cells=tuple(Cell(hospital=h, group=str(w), weight=w, answers=y) for h, w, y in cells),
        offset=offset,
        pooled_weights={str(w): w for _, w, _ in cells},
        cases={},
        statistic="",
    )


def random_panel(rng: np.random.Generator, chance: Floats, *, hospitals: int = 4, n: int = 40) -> Panel:
    """θ = Se − (1 − Sp); patients are hard or easy for everybody, so that models agree more than by chance."""
    cells = []
    for h in range(hospitals):
        for _ in range(2):
            hard = rng.normal(0, 1, (n, 1))
            right = norm.cdf(rng.normal(0, 1, (n, len(chance))) * 0.7 + 0.7 * hard) < chance
            cells.append((f"H{h}", 1.0, right.astype(float)))
    return panel_of(*cells, offset=-1.0)


def test_scores_are_means_over_hospitals_of_se_minus_false_alarms() -> None:
    """A: Se 3/4, 1 − Sp 1/2; B: Se 1/2, 1 − Sp 0."""
    panel = panel_of(
        ("A", 1.0, np.array([[1], [1], [1], [0]], dtype=float)),
        ("A", 1.0, np.array([[1], [0]], dtype=float)),
        ("B", 1.0, np.array([[1], [0]], dtype=float)),
        ("B", 1.0, np.array([[1], [1], [1]], dtype=float)),
        offset=-1.0,
    )
    assert panel.scores().ravel().tolist() == pytest.approx([0.25, 0.5])


def test_draw_counts_redraw_every_patient_with_replacement() -> None:
    counts = draw_counts(50, 4000, np.random.default_rng(1))
    assert (counts.sum(axis=1) == 50).all()
    assert counts.mean(axis=0) == pytest.approx(np.ones(50), abs=0.08)
    assert counts.var() == pytest.approx(49 / 50, abs=0.02)  # of a multinomial count


def test_standard_errors_are_the_formula_written_out() -> None:
    rng = np.random.default_rng(2)
    panel = panel_of(("A", 1.0, rng.random((7, 3))), ("A", 0.5, rng.random((5, 3))), ("B", 1.0, rng.random((4, 3))))
    se = standard_errors(panel)
    for a in range(3):
        for b in range(3):
            total = sum(
                cell.weight**2 * sum((row[a] - row[b]) ** 2 for row in cell.answers) / cell.patients**2
                for cell in panel.cells
            )
            assert se[a, b] == pytest.approx(math.sqrt(total / 2**2))


def test_deviations_have_the_corrected_variance() -> None:
    """Var of a redrawn mean is s²(n − 1)/n²; √(n/(n − 1)) makes it s²/n with s² over n − 1."""
    answers = np.array([[0.0], [0.0], [1.0], [5.0]])
    spread = deviations(panel_of(("A", 1.0, answers)), replicates=60_000, rng=np.random.default_rng(3))
    assert spread.mean() == pytest.approx(0.0, abs=0.03)
    assert spread.var() == pytest.approx(answers.var(ddof=1) / 4 * 4 / 4, rel=0.03)


def test_the_largest_difference_looks_at_every_ordered_pair() -> None:
    deviation = np.array([[0.0, 1.0, -3.0], [0.5, 0.5, 0.5]])
    se = np.array([[0, 1, 2], [1, 0, 8], [2, 8, 0]], dtype=float)
    assert largest_differences(deviation, se).tolist() == [1.5, 0.0]  # 3/2 beats 1/1 and 4/8


def test_pairs_that_never_differ_are_left_out() -> None:
    assert largest_differences(np.array([[1.0, 2.0]]), np.zeros((2, 2))).tolist() == [0.0]


def test_identical_models_are_equal_with_certainty() -> None:
    rng = np.random.default_rng(4)
    one = rng.integers(0, 2, (30, 1)).astype(float)
    other = rng.integers(0, 2, (30, 1)).astype(float)
    found = compare_all(panel_of(("A", 1.0, np.hstack([one, one, other]))), replicates=500, rng=rng)
    assert (found.difference[0, 1], found.low[0, 1], found.high[0, 1]) == (0, 0, 0)
    assert (found.p[0, 1], found.p_adjusted[0, 1]) == (1, 1)
    assert found.lowest[0] == found.lowest[1]
    assert found.highest[0] == found.highest[1]


def test_a_clearly_better_model_is_alone_at_the_top() -> None:
    panel = random_panel(np.random.default_rng(5), np.array([0.95, 0.6, 0.6]))
    found = compare_all(panel, replicates=2000, rng=np.random.default_rng(6))
    assert (found.lowest[0], found.highest[0]) == (1, 1)
    assert (found.lowest[1:] == 2).all()
    assert found.p_adjusted[0, 1] <= 0.05
    assert found.low[0, 1] > 0


def test_limits_ranks_and_adjusted_p_say_the_same() -> None:
    """Better exactly where the interval excludes 0 and the adjusted p is at most 5 %."""
    panel = random_panel(np.random.default_rng(7), np.linspace(0.6, 0.95, 8))
    found = compare_all(panel, replicates=999, rng=np.random.default_rng(8))
    better = found.low > 0
    assert better.any()
    np.testing.assert_array_equal(better, (found.difference > 0) & (found.p_adjusted <= 0.05))
    np.testing.assert_array_equal(found.lowest, 1 + better.sum(axis=0))
    np.testing.assert_array_equal(found.highest, 8 - better.sum(axis=1))
    np.testing.assert_allclose(found.low, -found.high.T)
    position = ranks(panel.scores().mean(axis=0))
    assert ((found.lowest <= position) & (position <= found.highest)).all()


def test_two_patients_a_cell_that_never_vary_are_no_proof() -> None:
    """All right against all wrong, two patients: no replicate varies, yet T = √2 proves nothing."""
    panel = panel_of(("A", 1.0, np.array([[1.0, 0.0], [1.0, 0.0]])))
    found = compare_all(panel, replicates=2000, rng=np.random.default_rng(9))
    assert found.critical == pytest.approx(1.959964)
    assert (found.lowest.tolist(), found.highest.tolist()) == ([1, 1], [2, 2])
    assert found.p_adjusted[0, 1] == pytest.approx(2 * norm.sf(math.sqrt(2)))


def test_the_seed_decides_the_draws() -> None:
    panel = random_panel(np.random.default_rng(10), np.linspace(0.6, 0.9, 6))
    first, again, other = (compare_all(panel, replicates=200, rng=np.random.default_rng(s)).critical for s in (1, 1, 2))
    assert first == again
    assert first != other


def test_too_few_replicates_are_refused() -> None:
    with pytest.raises(UsageError, match="no 95 % quantile"):
        compare_all(
            random_panel(np.random.default_rng(1), np.array([0.8, 0.7])), replicates=18, rng=np.random.default_rng()
        )


def test_exactly_tied_models_are_told_apart_at_most_once_in_twenty() -> None:
    """300 panels of six models of equal quality: a false "better" anywhere in 5 % of them, up to chance."""
    errors = 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        found = compare_all(random_panel(rng, np.full(6, 0.8), hospitals=3, n=20), replicates=199, rng=rng)
        errors += bool((found.low > 0).any())
    # 5 % of 300 is 15; 26 is the 99.5th percentile of a binomial
    assert errors <= 26


@pytest.mark.parametrize(
    ("scores", "expected"),
    [([0.3, 0.5, 0.4], [3, 1, 2]), ([0.5, 0.5, 0.1], [1, 1, 3]), ([0.5, 0.5 + 1e-13, 0.6], [2, 2, 1]), ([], [])],
)
def test_equal_scores_share_the_better_rank(scores: list[float], expected: list[int]) -> None:
    assert ranks(np.array(scores)).tolist() == expected
