"""What sensitivity and specificity mean where cancer is as rare as it is: PPV, NPV, false alarms, people."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import expit

from evaluator.errors import UsageError
from evaluator.records import Rate
from evaluator.statistics.intervals import NO_PATIENTS, Z, check_counts, wilson

Counts = tuple[int, int]  # how many, of how many
RAREST = 1e-9


@dataclass(frozen=True, kw_only=True)
class People:
    """Natural frequencies: whole people in a population large enough to hold about a hundred of the rarer kind."""

    population: int
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


@dataclass(frozen=True, kw_only=True)
class PredictivePoint:
    """One point of PPV against prevalence."""

    prevalence: float
    ppv: Rate


def check_prevalence(prevalence: float) -> None:
    """Refuse what is no prevalence.

    Raises
    ------
    UsageError
        ``prevalence`` is not between 0 and 1, or nearer to either than one in a billion.
    """
    if not RAREST <= prevalence <= 1 - RAREST:
        raise UsageError(
            f"A prevalence of {prevalence:g} is impossible here.",
            why="It is the share of people with cancer: above 0 and below 1, and not nearer to either than 1e-9.",
            next_step="Give 0.0001 for 0.01 %, 0.04 for 4 %.",
        )


def _absent(method: str) -> Rate:
    return Rate(value=None, low=None, high=None, k=None, n=None, method=method)


def _adjusted(k: int, n: int) -> tuple[float, float]:
    """A proportion and its size, moved off the edge if (and only if) it lies on it."""
    if k in (0, n):
        size = n + Z * Z
        return (k + Z * Z / 2) / size, size
    return k / n, float(n)


def _predictive(*, right: Counts, wrong: Counts, prior: float) -> Rate:
    """P(condition | call): ``right`` calls among those with it (share ``prior``), ``wrong`` calls among the others."""
    (k, n), (x, m) = right, wrong
    if n == 0 or m == 0:
        return _absent(NO_PATIENTS)
    if k == 0 and x == 0:
        return Rate(value=None, low=0.0, high=1.0, k=None, n=None, method="no calls to judge")
    defined = k > 0 and x > 0
    p, size_p = (k / n, float(n)) if defined else _adjusted(k, n)
    q, size_q = (x / m, float(m)) if defined else _adjusted(x, m)
    logit = math.log(p * prior) - math.log(q * (1 - prior))
    half = Z * math.sqrt((1 - p) / (p * size_p) + (1 - q) / (q * size_q))
    low, high = float(expit(logit - half)), float(expit(logit + half))
    if defined:
        return Rate(value=float(expit(logit)), low=low, high=high, k=None, n=None, method="mercaldo-logit")
    if x == 0:
        return Rate(value=None, low=low, high=1.0, k=None, n=None, method="mercaldo-logit-adjusted")
    return Rate(value=0.0, low=0.0, high=high, k=None, n=None, method="mercaldo-logit-adjusted")


def _check(sensitivity: Counts, specificity: Counts, prevalence: float) -> None:
    check_counts(*sensitivity, what="A sensitivity")
    check_counts(*specificity, what="A specificity")
    check_prevalence(prevalence)


def ppv(*, sensitivity: Counts, specificity: Counts, prevalence: float) -> Rate:
    """How likely a flagged person has cancer.

    Parameters
    ----------
    sensitivity : (int, int)
        Flagged cancers, of all cancers.
    specificity : (int, int)
        Cleared patients without cancer, of all without cancer.
    prevalence : float
        Share of people with cancer where the model would be used.

    Returns
    -------
    Rate
        On the logit scale. Without a false positive ``value`` is None and ``high`` 1: "at least ``low``". Where the
        standard form is undefined, only the proportion whose own count is 0 or n is adjusted. ``k`` and ``n`` are
        None: it is no proportion of counted patients.

    Raises
    ------
    UsageError
        Impossible counts or prevalence.

    References
    ----------
    Mercaldo ND, Lau KF, Zhou XH. Confidence intervals for predictive values with an emphasis to case–control studies.
    Stat Med 2007;26:2170–2183.
    """
    _check(sensitivity, specificity, prevalence)
    cleared, negatives = specificity
    return _predictive(right=sensitivity, wrong=(negatives - cleared, negatives), prior=prevalence)


def npv(*, sensitivity: Counts, specificity: Counts, prevalence: float) -> Rate:
    """How likely a person who is not flagged has no cancer; parameters, conventions and paper as for `ppv`."""
    _check(sensitivity, specificity, prevalence)
    flagged, positives = sensitivity
    return _predictive(right=specificity, wrong=(positives - flagged, positives), prior=1 - prevalence)


def false_alarms_per_1000(*, specificity: Counts, prevalence: float) -> Rate:
    """False-positive patients among 1,000 scans of one patient each.

    Parameters
    ----------
    specificity : (int, int)
        Cleared patients without cancer, of all without cancer.
    prevalence : float
        Share of people with cancer.

    Returns
    -------
    Rate
        1000·(1 − Sp)·(1 − p), specificity's Wilson interval transformed.

    Raises
    ------
    UsageError
        Impossible counts or prevalence.

    References
    ----------
    Wilson EB. JASA 1927;22:209–212.
    """
    check_prevalence(prevalence)
    cleared, negatives = specificity
    check_counts(cleared, negatives, what="A specificity")
    rate = wilson(negatives - cleared, negatives)
    if rate.value is None or rate.low is None or rate.high is None:
        return _absent(NO_PATIENTS)
    scale = 1000 * (1 - prevalence)
    return Rate(
        value=scale * rate.value,
        low=scale * rate.low,
        high=scale * rate.high,
        k=None,
        n=None,
        method="false-positive patients, wilson transformed",
    )


def scans_per_cancer(*, sensitivity: Counts, prevalence: float) -> Rate:
    """Scans read for each cancer found, 1/(Se·p), sensitivity's Wilson interval transformed; None for endless."""
    check_prevalence(prevalence)
    rate = wilson(*sensitivity)
    return _inverse(rate, scale=1 / prevalence, method="wilson inverted")


def flags_per_true_positive(predictive: Rate) -> Rate:
    """People called back for each cancer found, 1/PPV, from the rate that `ppv` gave; None for endless."""
    return _inverse(predictive, scale=1.0, method=f"{predictive.method} inverted")


def _inverse(rate: Rate, *, scale: float, method: str) -> Rate:
    value, low, high = (None if end is None or end == 0 else scale / end for end in (rate.value, rate.high, rate.low))
    return Rate(value=value, low=low, high=high, k=None, n=None, method=method)


def natural_frequencies(*, sensitivity: Counts, specificity: Counts, prevalence: float) -> People:
    """The same in whole people: as many as hold 100 with cancer (100 without, where cancer is the rule).

    Parameters
    ----------
    sensitivity, specificity : (int, int)
        Counts as for `ppv`, of at least one patient each.
    prevalence : float
        Share of people with cancer.

    Returns
    -------
    People
        Rounded so that the four parts add up to the population.

    Raises
    ------
    UsageError
        Impossible or empty counts, or prevalence.

    References
    ----------
    Gigerenzer G, Hoffrage U. How to improve Bayesian reasoning without instruction: frequency formats.
    Psychol Rev 1995;102:684–704.
    """
    _check(sensitivity, specificity, prevalence)
    if not sensitivity[1] or not specificity[1]:
        raise UsageError("Natural frequencies need at least one patient with and one without cancer.")
    population = round(100 / min(prevalence, 1 - prevalence))
    cancers = round(population * prevalence)
    found = round(cancers * sensitivity[0] / sensitivity[1])
    others = population - cancers
    alarms = round(others * (specificity[1] - specificity[0]) / specificity[1])
    return People(
        population=population,
        true_positives=found,
        false_positives=alarms,
        false_negatives=cancers - found,
        true_negatives=others - alarms,
    )


def ppv_curve(*, sensitivity: Counts, specificity: Counts, prevalences: Sequence[float]) -> tuple[PredictivePoint, ...]:
    """PPV against prevalence, for a figure; parameters and errors as for `ppv`."""
    return tuple(
        PredictivePoint(prevalence=p, ppv=ppv(sensitivity=sensitivity, specificity=specificity, prevalence=p))
        for p in prevalences
    )
