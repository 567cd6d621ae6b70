"""Folders checked by a worker: every fault by row, nothing kept while there is one, and where folders may lie."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.hospitals.models import Cohort, CohortCheck, Enrolment, Hospital
from leaderboard.hospitals.services import (
    cohort_check_request,
    cohort_check_run,
    cohort_checks_reconcile,
    cohort_recheck_request,
)
from leaderboard.lib.errors import Refusal
from tests import factories
from tests.tiny_cohorts import TABLE, write_tiny_cohort

pytestmark = [pytest.mark.django_db, pytest.mark.core]

State = CohortCheck.State


@pytest.fixture
def hospital(db: None) -> Hospital:
    return factories.HospitalFactory.create(slug="lakeside", name="Lakeside")


@pytest.fixture
def root(settings: Settings, tmp_path: Path) -> Path:
    found = tmp_path / "cohorts"
    found.mkdir()
    settings.COHORT_ROOTS = [found]
    return found


def spoil(folder: Path, row: int, column: str, value: str) -> None:
    """Write something else into a cell; rows are counted as a spreadsheet does, the header is 1."""
    lines = [line.split(",") for line in (folder / TABLE).read_text().splitlines()]
    lines[row - 1][lines[0].index(column)] = value
    (folder / TABLE).write_text("\n".join(",".join(line) for line in lines) + "\n")


def asked(hospital: Hospital, folder: Path, by: User, purpose: str = Cohort.Purpose.HELD_OUT) -> CohortCheck:
    row = cohort_check_request(hospital=hospital, folder=str(folder), purpose=purpose, by=by)
    cohort_check_run(pk=row.pk)
    row.refresh_from_db()
    return row


def test_a_folder_without_faults_is_frozen_for_what_was_asked(hospital: Hospital, root: Path, organiser: User) -> None:
    found = write_tiny_cohort(root / "one", cases=6)
    row = asked(hospital, root / "one", organiser, Cohort.Purpose.CALIBRATION)
    cohort = Cohort.objects.get()
    assert (row.state, row.cohort, row.cases_done, row.cases_total) == (State.DONE, cohort, 6, 6)
    assert (cohort.fingerprint, cohort.purpose) == (found.fingerprint, "calibration")
    assert list(Record.objects.order_by("number").values_list("act", flat=True)) == [
        "cohort.import-asked",
        "cohort.frozen",
        "cohort.checked",
    ]


def test_every_fault_is_told_by_row_and_nothing_is_kept_until_there_is_none(
    hospital: Hospital, root: Path, organiser: User, client: Client
) -> None:
    folder = root / "one"
    write_tiny_cohort(folder, cases=4)
    (folder / "manifest.json").unlink()  # nothing of it is frozen yet
    spoil(folder, 3, "age", "old")
    (folder / "images" / "case03" / "ct.nii.gz").write_bytes(b"no scan")
    row = asked(hospital, folder, organiser)
    assert (row.state, Cohort.objects.count()) == (State.FAULTY, 0)
    client.force_login(organiser)
    page = client.get(reverse("hospitals:check", args=[row.pk])).content.decode()
    assert "2 faults: nothing was imported" in page
    assert "&#x27;old&#x27; is not a number from 0 to 125" in page
    lines = client.get(reverse("hospitals:check-csv", args=[row.pk])).content.decode().splitlines()
    assert lines[0] == "file,row,column,what,why,next step"
    assert lines[1].startswith("cases.csv,3,age,")
    assert lines[2].startswith("images/case03/ct.nii.gz,,,")
    spoil(folder, 3, "age", "70")
    (folder / "images" / "case03" / "ct.nii.gz").write_bytes((folder / "images/case01/ct.nii.gz").read_bytes())
    answer = client.post(reverse("hospitals:check-again", args=[row.pk]))
    again = CohortCheck.objects.latest("pk")
    assert answer["Location"] == reverse("hospitals:check", args=[again.pk])
    cohort_check_run(pk=again.pk)
    again.refresh_from_db()
    assert (again.state, again.faults, Cohort.objects.count()) == (State.DONE, [], 1)


def test_what_only_needs_a_look_is_told_beside(hospital: Hospital, root: Path, organiser: User) -> None:
    write_tiny_cohort(root / "one", cases=2, hospital="elsewhere")
    row = asked(hospital, root / "one", organiser)
    assert row.state == State.DONE
    assert [one["where"] for one in row.warnings] == ["cohort.json"]
    assert "'elsewhere'" in row.warnings[0]["what"]


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("relative", "whole path"),
        ("/etc", "not where cohorts may be imported from"),
        ("{root}/../elsewhere", "not where cohorts may be imported from"),
        ("{root}/link", "not where cohorts may be imported from"),
        ("{root}/missing", "There is no folder"),
        ("{root}/file", "There is no folder"),
    ],
)
def test_a_folder_outside_the_roots_is_refused_wherever_its_name_lies(
    hospital: Hospital, root: Path, organiser: User, folder: str, said: str
) -> None:
    (root.parent / "elsewhere").mkdir()
    (root / "link").symlink_to(root.parent / "elsewhere")
    (root / "file").write_text("")
    with pytest.raises(Refusal, match=said):
        cohort_check_request(
            hospital=hospital, folder=folder.format(root=root), purpose=Cohort.Purpose.HELD_OUT, by=organiser
        )
    assert not CohortCheck.objects.exists()


def test_a_folder_that_the_site_does_not_see_is_looked_for_by_the_worker(
    hospital: Hospital, root: Path, organiser: User
) -> None:
    root.rmdir()
    given: dict[str, Any] = {"hospital": hospital, "purpose": Cohort.Purpose.HELD_OUT, "by": organiser}
    row = cohort_check_request(folder=str(root / "one"), **given)
    write_tiny_cohort(root / "one", cases=2)
    cohort_check_run(pk=row.pk)
    row.refresh_from_db()
    assert row.state == State.DONE
    link = CohortCheck.objects.create(folder=str(root / "link"), **given)
    (root.parent / "elsewhere").mkdir()
    (root / "link").symlink_to(root.parent / "elsewhere")
    cohort_check_run(pk=link.pk)
    link.refresh_from_db()
    assert (link.state, "not where cohorts may be imported" in link.faults[0]["what"]) == (State.FAULTY, True)


def test_a_hospital_with_a_machine_of_its_own_has_no_folder_here(
    hospital: Hospital, root: Path, organiser: User
) -> None:
    Enrolment.objects.create(hospital=hospital)
    with pytest.raises(Refusal, match="lie on its own machine"):
        cohort_check_request(hospital=hospital, folder=str(root), purpose=Cohort.Purpose.HELD_OUT, by=organiser)


def test_one_check_of_a_folder_at_a_time(hospital: Hospital, root: Path, organiser: User) -> None:
    given: dict[str, Any] = {
        "hospital": hospital,
        "folder": str(root),
        "purpose": Cohort.Purpose.HELD_OUT,
        "by": organiser,
    }
    cohort_check_request(**given)
    with pytest.raises(Refusal, match="being checked already"):
        cohort_check_request(**given)


def test_what_patients_are_for_is_decided_once(hospital: Hospital, root: Path, organiser: User) -> None:
    write_tiny_cohort(root / "one", cases=2)
    asked(hospital, root / "one", organiser)
    row = asked(hospital, root / "one", organiser, Cohort.Purpose.SAMPLE)
    assert (row.state, "was frozen before, as held out" in row.faults[0]["what"]) == (State.FAULTY, True)
    assert Cohort.objects.get().purpose == "held-out"


def test_a_frozen_cohort_is_compared_and_a_changed_file_is_named(
    hospital: Hospital, root: Path, organiser: User
) -> None:
    folder = root / "one"
    write_tiny_cohort(folder, cases=3)
    asked(hospital, folder, organiser)
    cohort = Cohort.objects.get()
    same = cohort_recheck_request(cohort=cohort, by=organiser)
    cohort_check_run(pk=same.pk)
    same.refresh_from_db()
    assert (same.state, same.cases_done) == (State.DONE, 3)
    (folder / "images" / "case02" / "ct.nii.gz").write_bytes(b"another")
    other = cohort_recheck_request(cohort=cohort, by=organiser)
    cohort_check_run(pk=other.pk)
    other.refresh_from_db()
    assert (other.state, [one["where"] for one in other.faults]) == (State.FAULTY, ["images/case02/ct.nii.gz"])


def test_a_check_whose_worker_is_gone_waits_again_and_is_given_up_at_last(
    hospital: Hospital, root: Path, organiser: User, settings: Settings
) -> None:
    row = cohort_check_request(hospital=hospital, folder=str(root), purpose=Cohort.Purpose.HELD_OUT, by=organiser)
    held = {"state": State.CHECKING, "lease_token": uuid4(), "lease_until": timezone.now() - timedelta(minutes=1)}
    CohortCheck.objects.filter(pk=row.pk).update(attempt=1, **held)
    cohort_checks_reconcile()
    row.refresh_from_db()
    assert row.state == State.WAITING
    CohortCheck.objects.filter(pk=row.pk).update(attempt=settings.MAX_ATTEMPTS, **held)
    cohort_checks_reconcile()
    row.refresh_from_db()
    assert (row.state, row.reason) == (State.FAILED, "The worker disappeared at every attempt.")


def test_a_row_that_somebody_else_holds_is_left_alone(hospital: Hospital, root: Path, organiser: User) -> None:
    row = cohort_check_request(hospital=hospital, folder=str(root), purpose=Cohort.Purpose.HELD_OUT, by=organiser)
    token = uuid4()
    CohortCheck.objects.filter(pk=row.pk).update(state=State.CHECKING, lease_token=token)
    cohort_check_run(pk=row.pk)
    row.refresh_from_db()
    assert (row.state, row.lease_token) == (State.CHECKING, token)


def test_its_data_steward_sees_a_check_and_asks_for_a_comparison_but_imports_nothing(
    hospital: Hospital, root: Path, organiser: User, client: Client
) -> None:
    write_tiny_cohort(root / "one", cases=2)
    row = asked(hospital, root / "one", organiser)
    steward = factories.UserFactory.create()
    hospital.stewards.add(steward)
    client.force_login(steward)
    assert client.get(reverse("hospitals:check", args=[row.pk])).status_code == 200
    assert client.post(reverse("hospitals:check-again", args=[row.pk])).status_code == 403
    answer = client.post(reverse("hospitals:check-cohort", args=[Cohort.objects.get().pk]))
    assert answer["Location"] == reverse("hospitals:check", args=[CohortCheck.objects.latest("pk").pk])
    client.force_login(factories.UserFactory.create())
    assert client.get(reverse("hospitals:check", args=[row.pk])).status_code == 404
