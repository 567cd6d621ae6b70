"""Handing in through the pages."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from leaderboard.accounts.models import Team, User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Cohort, Hospital
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = pytest.mark.django_db
SUBMIT = "/submissions/submit/"
LOOK = "/submissions/submit/look/"


def entries(team: Team, benchmark: Benchmark, **changes: Any) -> dict[str, Any]:
    archive = SimpleUploadedFile("detector.tar", b"not an image, but an upload")
    given = {
        "team": team.pk,
        "benchmark": benchmark.pk,
        "model": "Detector",
        "archive": archive,
        "contract": "folder",
        "threshold": "0.4",
        "public": "on",
        "terms": "1",
    }
    return given | changes


def test_a_team_hands_in_and_lands_on_the_page_of_its_submission(
    client: Client, member: User, team: Team, benchmark_rows: Benchmark
) -> None:
    client.force_login(member)
    hospital = Hospital.objects.filter(cohorts__benchmarks=benchmark_rows).earliest("pk")
    response = client.post(SUBMIT, entries(team, benchmark_rows, trained_on=[hospital.pk]))
    submission = Submission.objects.get()
    assert response.status_code == 302
    assert response["Location"] == reverse("evaluations:submission", args=[submission.pk])
    assert (submission.team, submission.created_by, submission.threshold) == (team, member, 0.4)
    assert list(submission.trained_on.all()) == [hospital]
    assert submission.archive_path.read_bytes() == b"not an image, but an upload"
    page = client.get(response["Location"]).content.decode()
    assert "Waiting for its check" in page
    assert "number 1 in line" in page


def test_the_other_fields_are_looked_at_before_the_archive_is_sent(
    client: Client, member: User, team: Team, benchmark_rows: Benchmark
) -> None:
    client.force_login(member)
    first = entries(team, benchmark_rows)
    del first["archive"]
    assert client.post(LOOK, first).status_code == 204
    for wrong, said in (
        ({"threshold": "2"}, "less than or equal to 1"),
        ({"terms": ""}, "Without your agreement"),
        ({"follows": "3f2c1fd2-0000-4000-8000-000000000000"}, "valid choice"),
    ):
        answer = client.post(LOOK, first | wrong)
        assert (answer.status_code, said in answer.content.decode()) == (422, True), wrong
    Benchmark.objects.update(quota_per_month=0)
    assert "has used its 0 submissions" in client.post(LOOK, first).content.decode()
    assert not Submission.objects.exists()


def test_a_next_version_is_said_on_the_form(client: Client, member: User, team: Team, ranked: Benchmark) -> None:
    client.force_login(member)
    earlier = Submission.objects.filter(team=team).latest("created")
    assert f"{earlier.model}, handed in" in client.get(SUBMIT).content.decode()
    client.post(SUBMIT, entries(team, ranked, model="Better", follows=str(earlier.pk)))
    assert Submission.objects.get(model="Better").follows == earlier
    assert f"{earlier.model}, handed in" not in client.get(SUBMIT).content.decode()


def test_an_operating_point_that_calibration_freezes_is_not_asked_for(
    client: Client, member: User, team: Team, benchmark_rows: Benchmark
) -> None:
    client.force_login(member)
    assert 'name="threshold"' in client.get(SUBMIT).content.decode()
    benchmark_rows.calibration.add(factories.make_cohort(purpose=Cohort.Purpose.CALIBRATION))
    page = client.get(SUBMIT).content.decode()
    assert 'name="threshold"' not in page
    assert "frozen on calibration patients" in page
    given = entries(team, benchmark_rows)
    del given["threshold"]
    assert client.post(SUBMIT, given).status_code == 302


def test_a_hospital_whose_patients_are_sealed_can_be_declared_too(
    client: Client, member: User, team: Team, benchmark_rows: Benchmark
) -> None:
    client.force_login(member)
    sealed = factories.make_cohort(purpose=Cohort.Purpose.SEALED)
    elsewhere = factories.make_cohort(purpose=Cohort.Purpose.SEALED)
    benchmark_rows.sealed.add(sealed)
    client.post(SUBMIT, entries(team, benchmark_rows, trained_on=[sealed.hospital_id]))
    assert list(Submission.objects.get().trained_on.all()) == [sealed.hospital]
    answer = client.post(SUBMIT, entries(team, benchmark_rows, model="Other", trained_on=[elsewhere.hospital_id]))
    assert answer.status_code == 422


def test_a_team_cannot_hand_in_for_another(client: Client, rival: User, team: Team, benchmark_rows: Benchmark) -> None:
    client.force_login(rival)
    response = client.post(SUBMIT, entries(team, benchmark_rows))
    assert response.status_code == 422
    assert not Submission.objects.exists()


def test_an_empty_archive_is_refused_in_words_and_nothing_is_kept(
    client: Client, member: User, team: Team, benchmark_rows: Benchmark
) -> None:
    client.force_login(member)
    response = client.post(SUBMIT, entries(team, benchmark_rows, archive=SimpleUploadedFile("empty.tar", b"")))
    assert response.status_code == 422
    assert "empty" in response.content.decode()
    assert not Submission.objects.exists()


def test_a_used_up_quota_says_when_it_is_renewed(
    client: Client, member: User, team: Team, benchmark_rows: Benchmark
) -> None:
    benchmark_rows.quota_per_month = 1
    benchmark_rows.save()
    client.force_login(member)
    client.post(SUBMIT, entries(team, benchmark_rows))
    response = client.post(SUBMIT, entries(team, benchmark_rows, model="Another"))
    assert response.status_code == 422
    assert "The quota is renewed on" in response.content.decode()
    assert Submission.objects.count() == 1


def test_the_same_name_twice_is_refused(client: Client, member: User, team: Team, benchmark_rows: Benchmark) -> None:
    client.force_login(member)
    client.post(SUBMIT, entries(team, benchmark_rows))
    response = client.post(SUBMIT, entries(team, benchmark_rows))
    assert response.status_code == 422
    assert "already has a submission of this name" in response.content.decode()


def test_a_person_without_a_team_is_told_what_to_do(client: Client, organiser: User, benchmark_rows: Benchmark) -> None:
    client.force_login(organiser)
    assert "Ask an organiser to add you to one" in client.get(SUBMIT).content.decode()


def test_the_list_shows_the_own_submissions_with_their_state_and_nobody_elses(
    client: Client, rival: User, ranked: Benchmark, member: User
) -> None:
    client.force_login(member)
    page = client.get("/submissions/").content.decode()
    assert "Careful" in page
    assert "Wolf" not in page
    client.force_login(rival)
    page = client.get("/submissions/").content.decode()
    assert "Careful" not in page
    assert "Nothing handed in yet" in page


def test_withdrawing_is_said_and_done_once(client: Client, member: User, ranked: Benchmark) -> None:
    client.force_login(member)
    submission = Submission.objects.get(model="Careful")
    address = reverse("submissions:withdraw", args=[submission.pk])
    assert "is withdrawn" in client.post(address, follow=True).content.decode()
    assert "withdrawn already" in client.post(address, follow=True).content.decode()
    submission.refresh_from_db()
    assert submission.state == "withdrawn"


def test_a_scanners_report_is_the_organisers(client: Client, member: User, organiser: User, ranked: Benchmark) -> None:
    Submission.objects.filter(model="Careful").update(scan_report="libexample 1.2: CVE-0000-0000")
    address = f"/evaluations/{Submission.objects.get(model='Careful').pk}/"
    client.force_login(organiser)
    assert "libexample 1.2" in client.get(address).content.decode()
    client.force_login(member)
    assert "libexample 1.2" not in client.get(address).content.decode()
