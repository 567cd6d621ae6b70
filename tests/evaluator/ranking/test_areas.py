"""Ranking by AUC: placements against scikit-learn, variances against DeLong, and rank sets that hold."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from evaluator.errors import UsageError
from evaluator.ranking import rank_results
from evaluator.ranking.areas import area_panel
from evaluator.ranking.panel import NEGATIVE, POSITIVE, Cell, Floats, Panel
from evaluator.ranking.product import product_on, torch_product
from evaluator.ranking.significance import compare_all, standard_errors
from evaluator.statistics.roc import compare_auc
from tests.evaluator.ranking.panels import planted
from tests.evaluator.statistics.by_hand import cohort, counted, failed, negative, positive, results

HOSPITALS = ("A", "B", "C")


def likelihoods(skill: Floats, *, patients: int, seed: int) -> Panel:
    """Scores of models with these skills; a patient that is hard for one is hard for all."""
    rng = np.random.default_rng(seed)
    cells = []
    for hospital in HOSPITALS:
        for group, shift in ((POSITIVE, 1.0), (NEGATIVE, 0.0)):
            hard = rng.normal(size=(patients, 1))
            scores = hard + rng.normal(size=(patients, len(skill))) + shift * skill
            cells.append(Cell(hospital=hospital, group=group, weight=1.0, answers=np.round(scores, 2)))
    return Panel(
        models=tuple(f"m{number}" for number in range(len(skill))),
        hospitals=HOSPITALS,
        cells=tuple(cells),
        offset=-1.0,
        pooled_weights={POSITIVE: 1.0, NEGATIVE: 1.0},
        cases=dict.fromkeys(HOSPITALS, 2 * patients),
        statistic="",
    )


def test_theta_is_the_area_of_scikit_learn_at_every_hospital() -> None:
    panel = likelihoods(np.array([1.0, 1.5, 0.0]), patients=40, seed=1)
    found = area_panel(panel).scores()
    for row, hospital in enumerate(HOSPITALS):
        positives, negatives = (cell.answers for cell in panel.at(hospital))
        truth = np.repeat([1, 0], [len(positives), len(negatives)])
        for model in range(3):
            expected = roc_auc_score(truth, np.concatenate([positives[:, model], negatives[:, model]]))
            assert found[row, model] == pytest.approx(expected)


def test_the_standard_error_of_a_difference_is_delongs_but_uncentred() -> None:
    panel = likelihoods(np.array([1.0, 1.0]), patients=300, seed=2)
    ours = standard_errors(area_panel(panel))[0, 1]
    variance = 0.0
    for hospital in HOSPITALS:
        positives, negatives = (cell.answers for cell in panel.at(hospital))
        scores = np.concatenate([positives, negatives])
        truth = np.repeat([True, False], [len(positives), len(negatives)])
        pair = compare_auc(scores[:, 0], scores[:, 1], truth)
        assert pair.low is not None
        assert pair.high is not None
        variance += ((pair.high - pair.low) / 2 / 1.959964) ** 2
    assert ours == pytest.approx(np.sqrt(variance) / len(HOSPITALS), rel=0.02)


def test_rank_sets_of_equal_models_hold_all_ranks_as_often_as_they_promise() -> None:
    held = 0
    for seed in range(200):
        panel = area_panel(likelihoods(np.array([1.0, 1.0, 1.0]), patients=30, seed=seed))
        found = compare_all(panel, replicates=300, rng=np.random.default_rng(seed))
        held += bool((found.lowest == 1).all() and (found.highest == 3).all())
    assert held >= 200 * 0.95 - 4 * np.sqrt(200 * 0.95 * 0.05)


def test_the_better_ranker_is_told_from_the_worse_whatever_the_threshold() -> None:
    people = range(40)
    sharp = [positive(f"p{n}", 0.2 + n / 100) for n in people] + [negative(f"n{n}", 0.19 - n / 300) for n in people]
    blunt = [positive(f"p{n}", 0.9 - n / 50) for n in people] + [negative(f"n{n}", 0.1 + n / 50) for n in people]
    given = [
        results("sharp", cohort("A", *sharp), cohort("B", *sharp), threshold=0.99),  # flags nobody
        results("blunt", cohort("A", *blunt), cohort("B", *blunt)),
    ]
    ranking = rank_results(given, by=(), replicates=200, statistic="auc")
    assert [(model.model, model.rank_set) for model in ranking.models] == [("sharp", (1, 1)), ("blunt", (2, 2))]
    assert ranking.models[0].score == 1.0
    assert all(0 <= one.low <= one.value <= one.high <= 1 for m in ranking.models for one in m.hospitals.values())
    assert rank_results(given, by=(), replicates=200).models[0].model == "blunt"


def test_a_failed_patient_is_placed_last_and_a_bare_mask_has_no_area() -> None:
    people = range(30)
    half = [failed(positive(f"p{n}")) if n < 15 else positive(f"p{n}", 0.9) for n in people]
    masks = [positive(f"p{n}", 1.0, source="mask") for n in people]
    others = [negative(f"n{n}", 0.1) for n in people]
    bare = [negative(f"n{n}", 0.0, source="mask") for n in people]
    many = [counted("B", found=700, cancers=700, cleared=700, healthy=700)]
    given = [
        results("half", cohort("A", *half, *others), *many),
        results("mask", cohort("A", *masks, *bare), *many),
    ]
    ranking = rank_results(given, by=(), replicates=200, statistic="auc")
    assert {left.model: left.reason for left in ranking.unranked} == {
        "mask": "gives a mask and no likelihood, so it has no area under a curve"
    }
    assert ranking.models[0].hospitals["A"].value == pytest.approx(0.5)


def test_there_is_no_other_statistic() -> None:
    with pytest.raises(UsageError, match="no statistic 'dice'"):
        rank_results([], statistic="dice")


def test_torch_draws_the_same_ranking_to_the_last_bit() -> None:
    panel = planted([[0.9, 0.8, 0.7]], hospitals=3, n=50)
    ours = compare_all(panel, replicates=300, rng=np.random.default_rng(1))
    theirs = compare_all(panel, replicates=300, rng=np.random.default_rng(1), product=torch_product("cpu"))
    assert np.array_equal(ours.p_adjusted, theirs.p_adjusted)
    assert ours.critical == theirs.critical


def test_a_device_that_is_not_here_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="no device 'tpu'"):
        product_on("tpu")
    assert product_on("cpu")(np.ones((2, 3)), np.ones((3, 1))).tolist() == [[3.0], [3.0]]


def test_the_net_score_puts_the_specific_model_first_where_cancer_is_rare() -> None:
    # Youden has (0.95, 0.90) above (0.80, 0.99): 0.85 against 0.79.
    found = counted("A", found=95, cancers=100, cleared=90, healthy=100)
    spared = counted("A", found=80, cancers=100, cleared=99, healthy=100)
    ranking = rank_results([results("eager", found), results("calm", spared)], by=(), replicates=100)
    eager, calm = ranking.models
    assert eager.model == "eager"
    assert eager.score == pytest.approx(0.85)
    # At 4 % and ten false alarms for a cancer w is 2.4: 0.95 − 0.24 = 0.71 and 0.80 − 0.024 = 0.776.
    nets = [model.net_score(prevalence=0.04, odds=0.1) for model in (eager, calm)]
    assert nets == pytest.approx([0.71, 0.776])
