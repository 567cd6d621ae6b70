from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.http import Http404

from leaderboard.accounts.models import User
from leaderboard.hospitals.checks import cohort_folders_are_there
from leaderboard.hospitals.models import Case, Cohort, Hospital, Stewardship
from leaderboard.hospitals.selectors import get_hospital_for, hospital_summaries
from leaderboard.hospitals.services import cohort_import, hospital_set_active
from leaderboard.lib.errors import Refusal
from tests import factories
from tests.tiny_cohorts import write_tiny_cohort

pytestmark = [pytest.mark.django_db, pytest.mark.core]


@pytest.fixture
def hospital(db: None) -> Hospital:
    return factories.HospitalFactory.create(slug="lakeside", name="Lakeside")


def test_a_cohort_is_frozen_with_its_cases_once(hospital: Hospital, tmp_path: Path) -> None:
    found = write_tiny_cohort(tmp_path, cases=6)
    cohort = cohort_import(hospital=hospital, folder=tmp_path, by=None)
    assert cohort.fingerprint == found.fingerprint
    assert Case.objects.filter(cohort=cohort, cancer=True, index_scan=True).count() == 3
    assert cohort.counts["positive"] == 3
    assert cohort.cases.first().attributes["phase"] == "venous"  # type: ignore[union-attr]
    assert cohort_import(hospital=hospital, folder=tmp_path, by=None) == cohort
    (summary,) = hospital_summaries()
    assert (summary.scans, summary.positive, summary.negative, summary.phases) == (6, 3, 3, {"venous": 6})


def test_every_fault_is_told_and_nothing_is_kept(hospital: Hospital, tmp_path: Path) -> None:
    write_tiny_cohort(tmp_path, cases=4)
    for case in ("case01", "case02"):
        (tmp_path / "images" / case / "ct.nii.gz").unlink()
    with pytest.raises(Refusal, match="2 faults") as refused:
        cohort_import(hospital=hospital, folder=tmp_path, by=None)
    assert {fault.where.split("/")[1] for fault in refused.value.faults} == {"case01", "case02"}
    assert not Cohort.objects.exists()


def test_other_contents_need_another_version(hospital: Hospital, tmp_path: Path) -> None:
    write_tiny_cohort(tmp_path / "a", cases=4)
    write_tiny_cohort(tmp_path / "b", cases=6)
    cohort_import(hospital=hospital, folder=tmp_path / "a", by=None)
    with pytest.raises(Refusal, match="with other contents"):
        cohort_import(hospital=hospital, folder=tmp_path / "b", by=None)
    assert Cohort.objects.count() == 1


def test_the_command_makes_the_hospital_and_lists_faults(tmp_path: Path) -> None:
    write_tiny_cohort(tmp_path, cases=2)
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="no hospital"):
        call_command("import_cohort", "lakeside", str(tmp_path))
    call_command("import_cohort", "lakeside", str(tmp_path), name="Lakeside", stdout=out)
    assert Cohort.objects.get().fingerprint in out.getvalue()
    with pytest.raises(CommandError):
        call_command("import_cohort", "lakeside", str(tmp_path / "nowhere"), stderr=err)


def test_a_hospitals_desk_is_for_its_stewards_and_organisers(hospital: Hospital, member: User, organiser: User) -> None:
    steward = factories.UserFactory.create()
    Stewardship.objects.create(user=steward, hospital=hospital)
    for person in (steward, organiser):
        assert get_hospital_for(person, "lakeside") == hospital
    other = factories.HospitalFactory.create()
    for person, slug in ((member, "lakeside"), (steward, other.slug), (organiser, "nowhere")):
        with pytest.raises(Http404):
            get_hospital_for(person, slug)


def test_switching_a_hospital_says_since_when(hospital: Hospital, organiser: User) -> None:
    before = hospital.active_since
    assert hospital_set_active(hospital=hospital, active=True, by=organiser).active_since == before
    off = hospital_set_active(hospital=hospital, active=False, by=organiser)
    assert not off.active
    assert off.active_since > before


def test_a_cohort_whose_folder_is_gone_is_a_warning(hospital: Hospital) -> None:
    factories.CohortFactory.create(hospital=hospital, folder="/gone")
    (warning,) = cohort_folders_are_there(databases=["default"])
    assert warning.id == "hospitals.W001"
    assert cohort_folders_are_there() == []


def test_one_hospitals_scans_are_not_taken_in_for_another(tmp_path: Path) -> None:
    first, other = factories.HospitalFactory.create(), factories.HospitalFactory.create()
    write_tiny_cohort(tmp_path, cases=2)
    cohort_import(hospital=first, folder=tmp_path, by=None)
    with pytest.raises(Refusal, match="already, of another hospital"):
        cohort_import(hospital=other, folder=tmp_path, by=None)
    assert not other.cohorts.exists()


def test_only_its_own_data_stewards_lift_their_pause(organiser: User) -> None:
    hospital, steward = factories.HospitalFactory.create(), factories.UserFactory.create()
    hospital.stewards.add(steward)
    hospital_set_active(hospital=hospital, active=False, by=steward)
    for by in (organiser, None):
        with pytest.raises(Refusal, match="by its own data steward"):
            hospital_set_active(hospital=hospital, active=True, by=by)
    assert hospital_set_active(hospital=hospital, active=True, by=steward).active
    hospital_set_active(hospital=hospital, active=False, by=organiser)
    assert hospital_set_active(hospital=hospital, active=True, by=organiser).active
