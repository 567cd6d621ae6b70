"""Enough patients of either truth, in the proportions of their hospital."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.errors import UsageError
from evaluator.synthetic.hospitals import NAMED, Hospital, choose_hospitals
from evaluator.synthetic.patients import LARGEST, SMALLEST, PatientPlan, plan_patients


def plan(hospital: Hospital, scans: int = 16, seed: int = 7) -> tuple[PatientPlan, ...]:
    return plan_patients(np.random.default_rng(seed), hospital=hospital, scans=scans)


@pytest.mark.parametrize("hospital", NAMED, ids=[hospital.slug for hospital in NAMED])
@pytest.mark.parametrize("seed", range(5))
def test_a_demonstration_has_a_panel_at_every_hospital(hospital: Hospital, seed: int) -> None:
    patients = plan(hospital, seed=seed)
    cancers = sum(patient.cancer for patient in patients)
    assert cancers >= 3
    assert len(patients) - cancers >= 3
    scans = [scan for patient in patients for scan in patient.scans]
    assert len(scans) == len({scan.case for scan in scans}) == 16
    assert any(len(patient.scans) > 1 for patient in patients)
    assert any((scan.lead_time_months or 0) >= 3 for scan in scans)
    assert all(sum(scan.index_scan for scan in patient.scans) == 1 for patient in patients)


@pytest.mark.parametrize("scans", [4, 5, 6, 8, 24])
def test_any_number_of_scans_gives_both_truths(scans: int) -> None:
    patients = plan(NAMED[0], scans=scans)
    assert {patient.cancer for patient in patients} == {True, False}
    assert sum(len(patient.scans) for patient in patients) == scans


def test_too_few_scans_are_refused() -> None:
    with pytest.raises(UsageError, match="at least 4 cases"):
        plan(NAMED[0], scans=3)


def test_tumours_and_lead_times_keep_their_ranges() -> None:
    for hospital in choose_hospitals(8, seed=3):
        for patient in plan(hospital, scans=40):
            assert patient.cancer == bool(patient.seats)
            assert not (patient.cancer and patient.mimic)
            for scan in patient.scans:
                assert (scan.lead_time_months is not None) == patient.cancer
                assert 0 <= (scan.lead_time_months or 0) <= 36
            assert all(SMALLEST <= seat.diameter_mm <= LARGEST for seat in patient.seats)


def test_an_earlier_scan_shows_a_smaller_tumour() -> None:
    twice = [p for hospital in NAMED for p in plan(hospital) if p.cancer and len(p.scans) == 2]
    assert twice
    for patient in twice:
        earlier, later = patient.scans
        assert later.index_scan
        assert earlier.day < later.day
        assert earlier.diameters_mm[0] < later.diameters_mm[0]


def test_before_diagnosis_a_small_tumour_leaves_no_trace_and_at_diagnosis_every_one_does() -> None:
    scans = [scan for hospital in NAMED for p in plan(hospital, scans=80) if p.cancer for scan in p.scans]
    assert all(scan.visible for scan in scans if (scan.lead_time_months or 0) < 3)
    hidden = [scan for scan in scans if not scan.visible]
    assert 0 < len(hidden) < len(scans) / 4


def test_names_do_not_tell_the_truth() -> None:
    order = [patient.cancer for patient in plan(NAMED[0], scans=40)]
    assert order not in (sorted(order), sorted(order, reverse=True))


def test_phases_come_as_often_as_their_shares_say() -> None:
    lakeside = NAMED[2]
    scans = [scan for patient in plan(lakeside) for scan in patient.scans]
    assert sum(scan.phase == "non-contrast" for scan in scans) == 2  # 0.15 of 16
    assert {scan.phase for scan in scans} == {"venous", "non-contrast"}


def test_more_hospitals_than_have_names_are_drawn() -> None:
    hospitals = choose_hospitals(7, seed=1)
    assert len({hospital.slug for hospital in hospitals}) == len({hospital.prefix for hospital in hospitals}) == 7
    assert choose_hospitals(7, seed=1) == hospitals
