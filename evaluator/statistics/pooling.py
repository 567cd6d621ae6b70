"""Sensitivity and specificity over hospitals: the pooled value, how hospitals differ, and what a new one may see."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import t as student

from evaluator.errors import UsageError
from evaluator.statistics.glmm import GlmmFit, fit_glmm
from evaluator.statistics.intervals import check_counts, clopper_pearson, wilson
from evaluator.statistics.pooled import (
    NOT_ESTIMABLE,
    ForestRow,
    HospitalCounts,
    LowerBounds,
    Pooled,
    PooledRate,
    SecondOpinion,
)
from evaluator.statistics.reitsma import LinearFit, fit_reitsma

FEWEST_HOSPITALS = 5
JOINT = "binomial-normal GLMM of both rates, Laplace"
ALONE = "binomial-normal GLMM of one rate, Laplace"
EXACT = "clopper-pearson of the counts together"
TOO_FEW = f"fewer than {FEWEST_HOSPITALS} hospitals"
NO_MAXIMUM = "the counts do not determine how hospitals differ"

Counts = NDArray[np.int_]


def pool(hospitals: Sequence[HospitalCounts], *, second_opinion: bool = True) -> Pooled:
    """Pool sensitivity and specificity jointly over hospitals.

    Parameters
    ----------
    hospitals : sequence of HospitalCounts
        One model's counts, each hospital once.
    second_opinion : bool
        Also fit Reitsma's model.

    Returns
    -------
    Pooled
        Intervals are t(H − 1) on the logit scale, H the hospitals with patients of that margin; prediction intervals
        μ ± t·√(τ² + SE²). Fewer than five: not estimable. A margin without a single error (or success): its value is
        that, its interval Clopper–Pearson's of the counts together, and nothing shows how hospitals differ. I² is
        Zhou and Dendukuri's, univariate.

    Raises
    ------
    UsageError
        A hospital appears twice, or has impossible counts.

    References
    ----------
    Chu H, Cole SR. J Clin Epidemiol 2006;59:1331–1332.
    Higgins JPT, Thompson SG, Spiegelhalter DJ. A re-evaluation of random-effects meta-analysis. JRSS A
    2009;172:137–159 (prediction interval).
    Zhou Y, Dendukuri N. Statistics for quantifying heterogeneity in univariate and bivariate meta-analyses of binary
    data. Stat Med 2014;33:2701–2717 (I²).
    """
    kept = _checked(hospitals)
    events = np.array([(one.detected, one.negatives - one.false_positives) for one in kept], dtype=int).reshape(-1, 2)
    totals = np.array([(one.positives, one.negatives) for one in kept], dtype=int).reshape(-1, 2)
    enough = (totals > 0).sum(axis=0) >= FEWEST_HOSPITALS
    mixed = (events.sum(axis=0) > 0) & (events.sum(axis=0) < totals.sum(axis=0))
    fits, notes = _fit(events, totals, enough & mixed)
    joint = fits[0] is not None and fits[0] is fits[1]
    rates = [
        _margin(name, events[:, j], totals[:, j], fit=fits[j], j=j, method=JOINT if joint else ALONE)
        for j, name in enumerate(("Sensitivity", "Specificity"))
    ]
    return Pooled(
        sensitivity=rates[0],
        specificity=rates[1],
        correlation=fits[0].correlation if joint and fits[0] is not None else None,
        hospitals=len(kept),
        rows=tuple(
            ForestRow(
                hospital=one.hospital,
                sensitivity=wilson(one.detected, one.positives),
                specificity=wilson(one.negatives - one.false_positives, one.negatives),
            )
            for one in kept
        ),
        reitsma=_second(events, totals, enough if second_opinion else np.array([False, False])),
        notes=notes,
    )


def lower_bounds(hospitals: Sequence[HospitalCounts]) -> LowerBounds:
    """Lower bounds of sensitivity and specificity for the verdict "at new hospitals".

    Parameters
    ----------
    hospitals : sequence of HospitalCounts
        One model's counts, each hospital once.

    Returns
    -------
    LowerBounds
        The lower ends of `pool`'s 95 % intervals, so each is one-sided 0.025; both None unless both are estimable
        from five hospitals or more. They bound the rate at a typical hospital, not at every one.

    Raises
    ------
    UsageError
        As `pool`.

    References
    ----------
    Chu H, Cole SR. J Clin Epidemiol 2006;59:1331–1332.
    Berger RL. Multiparameter hypothesis testing and acceptance sampling. Technometrics 1982;24:295–300.
    """
    pooled = pool(hospitals, second_opinion=False)
    rates = (pooled.sensitivity, pooled.specificity)
    missing = [rate for rate in rates if rate.low is None]
    return LowerBounds(
        sensitivity=None if missing else rates[0].low,
        specificity=None if missing else rates[1].low,
        hospitals=min(rate.hospitals for rate in rates),
        why=missing[0].why if missing else "",
    )


def _checked(hospitals: Sequence[HospitalCounts]) -> list[HospitalCounts]:
    names = [one.hospital for one in hospitals]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{', '.join(twice)} appears twice.", why="A hospital has one vote, so it is given once.")
    for one in hospitals:
        check_counts(one.detected, one.positives, what=f"{one.hospital}'s sensitivity")
        check_counts(one.false_positives, one.negatives, what=f"{one.hospital}'s share of false positives")
    return [one for one in hospitals if one.positives + one.negatives > 0]


def _fit(events: Counts, totals: Counts, wanted: NDArray[np.bool_]) -> tuple[list[GlmmFit | None], tuple[str, ...]]:
    """Both margins by one joint fit where that can be, else each alone, else none."""
    alone: list[GlmmFit | None] = [None, None]
    if wanted.all():
        fit = fit_glmm(events, totals)
        if fit.usable:
            return [fit, fit], (f"Singular fit: {fit.limit}.",) if fit.limit else ()
    notes: tuple[str, ...] = ("The joint model has no maximum; each rate was fitted alone.",) if wanted.all() else ()
    for j in np.flatnonzero(wanted):
        mask = np.arange(2) == j
        fit = fit_glmm(events * mask, totals * mask)
        alone[j] = fit if fit.usable else None
        notes = (*notes, f"Singular fit: {fit.limit}.") if fit.usable and fit.limit else notes
    return alone, notes


def _margin(name: str, events: Counts, totals: Counts, *, fit: GlmmFit | None, j: int, method: str) -> PooledRate:
    together = wilson(int(events.sum()), int(totals.sum()))
    size = totals[totals > 0]
    hospitals = len(size)
    if hospitals >= FEWEST_HOSPITALS and together.k in (0, together.n):
        exact = clopper_pearson(int(events.sum()), int(totals.sum()))
        kind = "right" if together.k else "wrong"
        return PooledRate(
            name=name, value=exact.value, low=exact.low, high=exact.high, prediction=None, tau2=None, i2=None,
            together=together, hospitals=hospitals, method=EXACT,
            why=f"every patient of every hospital was {kind}, so nothing shows how hospitals differ",
        )  # fmt: skip
    if fit is None:
        return PooledRate(
            name=name, value=None, low=None, high=None, prediction=None, tau2=None, i2=None, together=together,
            hospitals=hospitals, method=NOT_ESTIMABLE, why=TOO_FEW if hospitals < FEWEST_HOSPITALS else NO_MAXIMUM,
        )  # fmt: skip
    mean, error2, tau2 = float(fit.mean[j]), float(fit.covariance[j, j]), float(fit.between[j, j])
    value, low, high = _interval(mean, error2, hospitals)
    _, first, last = _interval(mean, error2 + tau2, hospitals)
    within = float((np.exp(tau2 / 2 + mean) + np.exp(tau2 / 2 - mean) + 2) * (1 / size).mean())
    return PooledRate(
        name=name, value=value, low=low, high=high, prediction=(first, last), tau2=tau2, i2=tau2 / (tau2 + within),
        together=together, hospitals=hospitals, method=method,
    )  # fmt: skip


def _interval(mean: float, variance: float, hospitals: int) -> tuple[float, float, float]:
    half = float(student.ppf(0.975, hospitals - 1)) * variance**0.5
    return float(expit(mean)), float(expit(mean - half)), float(expit(mean + half))


def _second(events: Counts, totals: Counts, wanted: NDArray[np.bool_]) -> SecondOpinion:
    if not wanted.any():
        return SecondOpinion(sensitivity=None, specificity=None)
    fit: LinearFit = fit_reitsma(events * wanted, totals * wanted)
    hospitals = (totals > 0).sum(axis=0)
    found = [
        _interval(float(fit.mean[j]), float(fit.covariance[j, j]), int(hospitals[j])) if wanted[j] else None
        for j in range(2)
    ]
    return SecondOpinion(sensitivity=found[0], specificity=found[1])
