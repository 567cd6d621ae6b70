"""What single hospitals say: intervals, agreement on the order, ranks without one, and a hospital not yet seen."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from scipy.special import stdtr, stdtrit

from evaluator.ranking.panel import NEGATIVE, POSITIVE, SAME, Floats, Panel, ranks
from evaluator.ranking.records import Concordance, HospitalScore, KendallTau, NewHospital, NewHospitalPair
from evaluator.statistics.compare import holm
from evaluator.statistics.intervals import wilson_limits

FEWEST_HOSPITALS = 5


def mean_limits(answers: Floats) -> Floats:
    """95 % limits of each model's mean over patients, (2, models): Wilson's for answers 0 and 1, else Student's t.

    ``answers`` is (patients, models) with two patients at least.
    """
    n = len(answers)
    mean = answers.mean(axis=0)
    half = float(stdtrit(n - 1, 0.975)) * answers.std(axis=0, ddof=1) / math.sqrt(n)
    limits = np.array([mean - half, mean + half])
    for column in np.flatnonzero(((answers == 0) | (answers == 1)).all(axis=0)):
        limits[:, column] = wilson_limits(float(answers[:, column].sum()), n)
    return limits


def reaches(panel: Panel) -> list[Floats]:
    """Of each cell, how far its models' 95 % limits lie from their means, (2, models)."""
    return [mean_limits(cell.answers) - cell.answers.mean(axis=0) for cell in panel.cells]


def joined(reach: Sequence[Floats], weights: Sequence[float]) -> Floats:
    """How far the limits of Σ weight × mean lie from it, (2, models): below, above (Zou & Donner 2008, MOVER).

    Weights are positive.
    """
    squares = sum(((weight * one) ** 2 for one, weight in zip(reach, weights, strict=True)), np.zeros(2)[:, None])
    return np.asarray(np.sqrt(squares) * np.array([[-1.0], [1.0]]))


def hospital_scores(panel: Panel, hospital: str, reach: Sequence[Floats]) -> list[HospitalScore]:
    """θ of each model with its interval; ``reach`` is of all cells of the panel."""
    value = np.full(len(panel.models), panel.offset)
    own = [(cell, one) for cell, one in zip(panel.cells, reach, strict=True) if cell.hospital == hospital]
    for cell, _ in own:
        value += cell.weight * cell.answers.mean(axis=0)
    limits = joined([one for _, one in own], [cell.weight for cell, _ in own])
    low, high = np.clip(value + limits, *panel.limits)
    return [
        HospitalScore(
            value=float(value[model]),
            low=float(low[model]),
            high=float(high[model]),
            cases=panel.cases[hospital],
            patients=sum(cell.patients for cell, _ in own),
            method="wilson for 0/1, t otherwise; cells joined by mover",
        )
        for model in range(len(panel.models))
    ]


def pooled_limits(panel: Panel, reach: Sequence[Floats]) -> Floats:
    """95 % limits of θ with every patient one vote, (2, models): each hospital counts by its patients."""
    patients = Counter[str]()
    for cell in panel.cells:
        patients[cell.group] += cell.patients
    weights = [panel.pooled_weights[cell.group] * cell.patients / patients[cell.group] for cell in panel.cells]
    return np.clip(panel.scores_by_patients() + joined(reach, weights), *panel.limits)


def rate_limits(panel: Panel, reach: Sequence[Floats]) -> Floats | None:
    """95 % limits of the mean sensitivity and specificity over hospitals, (2 rates, 2 limits, models)."""
    rates = panel.mean_rates()
    if rates is None:
        return None
    limits = []
    for rate, group in zip(rates, (POSITIVE, NEGATIVE), strict=True):
        of_group = [one for cell, one in zip(panel.cells, reach, strict=True) if cell.group == group]
        limits.append(np.clip(rate + joined(of_group, [1 / len(panel.hospitals)] * len(of_group)), 0.0, 1.0))
    return np.array(limits)


def kendall(panel: Panel) -> KendallTau:
    """τ-b of the models' order for every two hospitals (Kendall 1945), from the signs of all differences."""
    theta = panel.scores()
    first, second = np.triu_indices(len(panel.models), k=1)
    apart = theta[:, first] - theta[:, second]
    signs = np.where(np.abs(apart) <= SAME, 0.0, np.sign(apart))
    agreement = signs @ signs.T
    pairs = []
    for g, h in combinations(range(len(panel.hospitals)), 2):
        told = agreement[g, g] * agreement[h, h]
        tau = float(agreement[g, h] / math.sqrt(told)) if told > 0 else None
        pairs.append(Concordance(a=panel.hospitals[g], b=panel.hospitals[h], tau=tau))
    known = [pair.tau for pair in pairs if pair.tau is not None]
    return KendallTau(pairs=tuple(pairs), mean=float(np.mean(known)) if known else None)


def leave_one_out(panel: Panel) -> dict[str, dict[str, int]]:
    """The ranks that the other hospitals would give; empty with a single hospital."""
    theta = panel.scores()
    if len(theta) < 2:
        return {}
    return {
        hospital: dict(zip(panel.models, ranks(np.delete(theta, row, axis=0).mean(axis=0)).tolist(), strict=True))
        for row, hospital in enumerate(panel.hospitals)
    }


def new_hospital(panel: Panel) -> NewHospital:
    """Every pair at hospitals in general: paired t over hospitals, Holm, and a prediction for one hospital more.

    Parameters
    ----------
    panel : Panel
        Outcomes of every model at every hospital.

    Returns
    -------
    NewHospital
        "not estimable" with fewer than five hospitals. Where a pair's differences are all equal, its limits are None
        and its method says "no variation".

    References
    ----------
    Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis. J R Stat Soc A
    2009;172:137–159 (prediction interval).
    """
    count = len(panel.hospitals)
    if count < FEWEST_HOSPITALS:
        why = f"{count} hospitals are too few to speak of others; it takes {FEWEST_HOSPITALS}."
        return NewHospital(verdict="not estimable", why=why)
    theta, within = panel.scores(), _within_variance(panel)
    found = [
        _new_hospital_pair((panel.models[a], panel.models[b]), theta[:, a] - theta[:, b], float(within[a, b]))
        for a, b in combinations(range(len(panel.models)), 2)
    ]
    tested = [pair.p for pair in found if pair.p is not None]
    adjusted = iter(holm(tested).tolist())
    return NewHospital(
        verdict="estimated",
        why=f"Differences at {count} hospitals, each one vote; a new one is assumed to be like them.",
        pairs=tuple(pair if pair.p is None else replace(pair, p_adjusted=next(adjusted)) for pair in found),
    )


def _within_variance(panel: Panel) -> Floats:
    """Sampling variance of a hospital's difference between two models, mean over hospitals, (models, models)."""
    total = np.zeros((len(panel.models), len(panel.models)))
    for cell in panel.cells:
        spread = np.atleast_2d(np.cov(cell.answers, rowvar=False)) * cell.weight**2 / cell.patients
        own = np.diag(spread)
        total += own[:, None] + own[None, :] - 2 * spread
    return total / len(panel.hospitals)


def _new_hospital_pair(models: tuple[str, str], differences: Floats, within: float) -> NewHospitalPair:
    count = len(differences)
    a, b = models
    mean, s = float(differences.mean()), float(differences.std(ddof=1))
    if s <= SAME:
        return NewHospitalPair(
            a=a,
            b=b,
            mean=mean,
            low=None,
            high=None,
            p=None,
            p_adjusted=None,
            prediction_low=None,
            prediction_high=None,
            method="no variation",
        )
    half = float(stdtrit(count - 1, 0.975)) * s / math.sqrt(count)
    reach = float(stdtrit(count - 2, 0.975)) * math.sqrt(max(0.0, s**2 - within) + s**2 / count)
    return NewHospitalPair(
        a=a,
        b=b,
        mean=mean,
        low=mean - half,
        high=mean + half,
        p=2 * float(stdtr(count - 1, -abs(mean) / (s / math.sqrt(count)))),
        p_adjusted=None,
        prediction_low=mean - reach,
        prediction_high=mean + reach,
        method="paired t, holm",
    )
