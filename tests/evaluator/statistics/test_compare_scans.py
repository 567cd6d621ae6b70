"""Two models on the same scans, several of a patient: patients are drawn, not scans."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from evaluator.errors import UsageError
from evaluator.statistics.bootstrap import WeightedArea, draws
from evaluator.statistics.compare_scans import Scans, compare_scans

PATIENTS, EACH = 60, 3
TRUTH = np.repeat(np.arange(PATIENTS) % 2 == 0, EACH)
WHO = np.repeat(np.arange(PATIENTS), EACH)
WHERE = np.where(WHO < PATIENTS // 2, "north", "south")


def made(seed: int, skill: float) -> Scans:
    rng = np.random.default_rng(seed)
    score = skill * TRUTH + rng.standard_normal(len(TRUTH)) + np.repeat(rng.standard_normal(PATIENTS), EACH)
    return Scans(flagged=score > skill / 2, likelihood=score)


def compare(first: Scans, second: Scans, seed: int = 1) -> tuple[float | None, ...]:
    found = compare_scans(first, second, truth=TRUTH, patients=WHO, hospitals=WHERE, rng=np.random.default_rng(seed))
    return tuple(one.difference for one in (found.sensitivity, found.specificity, found.auc))


def test_differences_are_those_of_the_scans() -> None:
    first, second = made(1, 2.0), made(2, 1.0)
    se, sp, auc = compare(first, second)
    assert se == pytest.approx(first.flagged[TRUTH].mean() - second.flagged[TRUTH].mean())
    assert sp == pytest.approx(second.flagged[~TRUTH].mean() - first.flagged[~TRUTH].mean())
    assert auc == pytest.approx(roc_auc_score(TRUTH, first.likelihood) - roc_auc_score(TRUTH, second.likelihood))


def test_a_model_beside_itself_differs_by_nothing() -> None:
    one = made(1, 1.0)
    found = compare_scans(one, one, truth=TRUTH, patients=WHO, hospitals=WHERE, rng=np.random.default_rng(1))
    for part in (found.sensitivity, found.specificity, found.auc):
        assert (part.difference, part.low, part.high, part.p) == (0.0, 0.0, 0.0, 1.0)


def test_three_copies_of_each_scan_say_no_more_than_one() -> None:
    rng = np.random.default_rng(3)
    patient = [Scans(flagged=rng.random(PATIENTS) < 0.7, likelihood=rng.random(PATIENTS)) for _ in range(2)]
    truth, where = TRUTH[::EACH], WHERE[::EACH]
    once = compare_scans(
        *patient, truth=truth, patients=np.arange(PATIENTS), hospitals=where, rng=np.random.default_rng(4)
    )
    copied = [Scans(flagged=np.repeat(one.flagged, 3), likelihood=np.repeat(one.likelihood, 3)) for one in patient]
    thrice = compare_scans(*copied, truth=TRUTH, patients=WHO, hospitals=WHERE, rng=np.random.default_rng(4))
    for a, b in ((once.sensitivity, thrice.sensitivity), (once.auc, thrice.auc)):
        assert (b.difference, b.low, b.high) == pytest.approx((a.difference, a.low, a.high))
    assert (thrice.auc.scans, thrice.auc.patients) == (3 * PATIENTS, PATIENTS)


def test_strata_keep_their_size_in_every_draw() -> None:
    strata = np.array([0, 0, 0, 1, 1, 2])
    for times in draws(strata, rng=np.random.default_rng(1), replicates=50):
        for stratum, size in ((0, 3), (1, 2), (2, 1)):
            assert (times[:, strata == stratum].sum(axis=1) == size).all()


def test_a_weighted_area_is_the_area_of_the_scans_repeated() -> None:
    rng = np.random.default_rng(5)
    scores, truth = np.round(rng.random(30), 1), rng.random(30) < 0.5
    weights = rng.integers(0, 4, (5, 30))
    for row, area in zip(weights, WeightedArea(scores, truth)(weights.astype(float)), strict=True):
        assert area == pytest.approx(roc_auc_score(np.repeat(truth, row), np.repeat(scores, row)))


def test_no_patients_of_a_kind_and_impossible_input_are_told() -> None:
    one = made(1, 1.0)
    none = np.zeros(len(TRUTH), dtype=bool)
    found = compare_scans(one, one, truth=none, patients=WHO, hospitals=WHERE, rng=np.random.default_rng(1))
    assert (found.sensitivity.difference, found.auc.difference) == (None, None)
    assert "no patients" in found.sensitivity.sentence
    assert found.specificity.difference == 0.0
    with pytest.raises(ValueError, match="both with and without"):
        compare_scans(
            one, one, truth=~np.arange(len(TRUTH)) % 2 == 0, patients=WHO, hospitals=WHERE, rng=np.random.default_rng(1)
        )
    with pytest.raises(UsageError, match="too few"):
        compare_scans(one, one, truth=TRUTH, patients=WHO, hospitals=WHERE, rng=np.random.default_rng(1), replicates=5)
