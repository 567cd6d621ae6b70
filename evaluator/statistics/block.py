"""The numbers of one report block: a hospital's patients, or everybody's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import stdtrit

from evaluator.records import Rate
from evaluator.statistics import prevalence as at_prevalence
from evaluator.statistics.attribute_strata import Tables, by_attribute
from evaluator.statistics.curves import Curves
from evaluator.statistics.intervals import NO_PATIENTS, ClusteredRate, wilson
from evaluator.statistics.lead_time import LeadTime
from evaluator.statistics.outcomes import HospitalOutcomes, Outcome
from evaluator.statistics.prior_scans import by_lead_time, prior_scans
from evaluator.statistics.roc import auc
from evaluator.statistics.size_location import ANYWHERE, lesion_rates
from evaluator.statistics.strata import SIZE_STRATA

Counts = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class PatientCounts:
    """Patients with an answer; None where hidden."""

    positive: int | None
    negative: int | None


@dataclass(frozen=True, kw_only=True)
class MeanScore:
    """A mean over ``n`` patients with its t interval."""

    value: float | None
    low: float | None
    high: float | None
    n: int | None
    method: str


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Failed scans (all, not only index scans) by class; ``unanswered`` of them are tried again and not scored."""

    cases: int
    by_class: dict[str, int]
    unanswered: int


@dataclass(frozen=True, kw_only=True)
class WithoutFailures:
    """The rates if failed scans were left out: beside the real ones, never instead."""

    sensitivity: Rate
    specificity: Rate


@dataclass(frozen=True, kw_only=True)
class Block:
    """``sensitivity`` is P-Sen; strata by the patient's largest lesion, of ``t_sen`` by the lesion's own size."""

    patients: PatientCounts
    sensitivity: dict[str, Rate]
    localised_sensitivity: dict[str, Rate]
    t_sen: dict[str, ClusteredRate]
    specificity: Rate
    ppv: dict[str, Rate]
    npv: dict[str, Rate]
    false_alarms_per_1000: dict[str, Rate]
    auc: Rate
    dsc: MeanScore
    failures: Failures
    by_location: dict[str, ClusteredRate]  # T-Sen by the lesion's location
    lead_time: dict[str, Rate]  # P-Sen by months before diagnosis, a patient's latest scan in each bin
    without_failures: WithoutFailures
    by_attribute: Tables = field(default_factory=dict)  # phase, scanner, sex …: by group
    by_location_and_size: dict[str, dict[str, ClusteredRate]] = field(default_factory=dict)  # T-Sen
    curves: Curves | None = None  # only where they were asked for, and so the next
    time_before_diagnosis: LeadTime | None = None


def make_block(hospitals: Sequence[HospitalOutcomes], *, prevalences: Sequence[float]) -> Block:
    """Count the index scans of one or more hospitals.

    Parameters
    ----------
    hospitals : sequence of HospitalOutcomes
        Pooled where there are several.
    prevalences : sequence of float
        For PPV, NPV and false alarms.

    Returns
    -------
    Block
        Nothing hidden; a rate of nobody has None and "no patients".

    Raises
    ------
    UsageError
        An impossible prevalence.

    References
    ----------
    Rates: `evaluator.statistics.intervals`, `prevalence`, `roc`.
    """
    patients = [outcome for hospital in hospitals for outcome in hospital.patients]
    positive = [outcome for outcome in patients if outcome.case.cancer]
    negative = [outcome for outcome in patients if not outcome.case.cancer]
    localisable = [outcome for outcome in positive if outcome.lesions]
    found: Counts = (sum(outcome.flagged for outcome in positive), len(positive))
    cleared: Counts = (sum(outcome.correct for outcome in negative), len(negative))
    tumours = lesion_rates(localisable)
    names = {np.format_float_positional(p, trim="-"): p for p in prevalences}
    return Block(
        patients=PatientCounts(positive=len(positive), negative=len(negative)),
        sensitivity=_by_size(positive, lambda outcome: outcome.flagged),
        localised_sensitivity=_by_size(localisable, lambda outcome: outcome.localised),
        t_sen=tumours.pop(ANYWHERE),
        specificity=wilson(*cleared),
        ppv={
            name: at_prevalence.ppv(sensitivity=found, specificity=cleared, prevalence=p) for name, p in names.items()
        },
        npv={
            name: at_prevalence.npv(sensitivity=found, specificity=cleared, prevalence=p) for name, p in names.items()
        },
        false_alarms_per_1000={
            name: at_prevalence.false_alarms_per_1000(specificity=cleared, prevalence=p) for name, p in names.items()
        },
        auc=_area(patients),
        dsc=_mean([outcome.dice for outcome in positive if outcome.dice is not None]),
        failures=_failures(hospitals),
        by_location={place: sizes["all"] for place, sizes in tumours.items()},
        by_attribute=by_attribute(patients),
        by_location_and_size=tumours,
        lead_time=by_lead_time(prior_scans(hospitals)),
        without_failures=WithoutFailures(
            sensitivity=_rate(o.flagged for o in positive if not o.failed),
            specificity=_rate(o.correct for o in negative if not o.failed),
        ),
    )


def _rate(yes: Iterable[bool]) -> Rate:
    answered = list(yes)
    return wilson(sum(answered), len(answered))


def _by_size(outcomes: Sequence[Outcome], yes: Callable[[Outcome], bool]) -> dict[str, Rate]:
    return {
        stratum.name: _rate(yes(outcome) for outcome in outcomes if stratum.has(outcome.size_mm))
        for stratum in SIZE_STRATA
    }


def _area(patients: Sequence[Outcome]) -> Rate:
    if any(outcome.likelihood_source == "mask" for outcome in patients):
        method = "not available: the submission gives a mask and no likelihood"
        return Rate(value=None, low=None, high=None, k=None, n=None, method=method)
    return auc([outcome.likelihood for outcome in patients], [outcome.case.cancer for outcome in patients])


def _mean(values: Sequence[float]) -> MeanScore:
    n = len(values)
    if n == 0:
        return MeanScore(value=None, low=None, high=None, n=0, method=NO_PATIENTS)
    mean = float(np.mean(values))
    if n == 1:
        return MeanScore(value=mean, low=None, high=None, n=1, method="mean of one patient: no interval")
    half = float(stdtrit(n - 1, 0.975)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return MeanScore(value=mean, low=max(0.0, mean - half), high=min(1.0, mean + half), n=n, method="mean, t interval")


def _failures(hospitals: Sequence[HospitalOutcomes]) -> Failures:
    by_class: dict[str, int] = {}
    for hospital in hospitals:
        for failure, cases in hospital.failures.items():
            by_class[failure] = by_class.get(failure, 0) + cases
    return Failures(
        cases=sum(by_class.values()),
        by_class=dict(sorted(by_class.items())),
        unanswered=sum(len(hospital.unanswered) for hospital in hospitals),
    )
