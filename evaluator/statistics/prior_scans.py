"""Scans of patients with cancer made before their diagnosis, over hospitals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evaluator.records import Rate
from evaluator.statistics.intervals import wilson
from evaluator.statistics.lead_time import LeadTime, PriorScan, latest_per_bin, lead_time
from evaluator.statistics.outcomes import HospitalOutcomes
from evaluator.statistics.strata import LEAD_TIME_BINS


def prior_scans(hospitals: Sequence[HospitalOutcomes]) -> list[PriorScan]:
    """Those of 3 to 36 months before diagnosis.

    Parameters
    ----------
    hospitals : sequence of HospitalOutcomes
        All their scans count, not only index scans.

    Returns
    -------
    list of PriorScan
        One a patient and moment: where several scans were made at once, flagging any of them is flagging the patient.
    """
    found: dict[tuple[str, float], bool] = {}
    for hospital in hospitals:
        for outcome in hospital.outcomes:
            months = outcome.case.lead_time_months
            if outcome.case.cancer and months is not None and any(one.has(months) for one in LEAD_TIME_BINS):
                patient = f"{len(hospital.hospital)}:{hospital.hospital}{outcome.case.patient}"
                found[patient, months] = found.get((patient, months), False) or outcome.flagged
    return [PriorScan(patient=patient, months=months, flagged=flag) for (patient, months), flag in found.items()]


def by_lead_time(scans: Sequence[PriorScan]) -> dict[str, Rate]:
    """Share flagged in each bin of months before diagnosis, of each patient's latest scan in it."""
    latest = [scan for patient in latest_per_bin(scans).values() for scan in patient]
    rates = {}
    for months in LEAD_TIME_BINS:
        inside = [scan.flagged for scan in latest if months.has(scan.months)]
        rates[months.name] = wilson(sum(inside), len(inside))
    return rates


def lead_time_of(scans: Sequence[PriorScan]) -> LeadTime:
    """`lead_time` without the patients' own intervals: what a report may carry."""
    return replace(lead_time(scans), intervals=())
