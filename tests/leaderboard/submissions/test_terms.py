"""Terms and consent: which version, who, when; and nothing is taken in without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from leaderboard.accounts.models import Team, User
from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark, Terms
from leaderboard.benchmarks.services import terms_publish
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission
from tests.leaderboard.submissions.test_handing_in import hand_in

pytestmark = pytest.mark.django_db
SUBMIT = "/submissions/submit/"


def entries(team: Team, benchmark: Benchmark, **changes: Any) -> dict[str, Any]:
    archive = SimpleUploadedFile("detector.tar", b"an upload")
    given = {"team": team.pk, "benchmark": benchmark.pk, "model": "Detector", "archive": archive}
    return given | {"contract": "folder", "threshold": "0.4"} | changes


def test_a_submission_keeps_what_was_agreed_to_by_whom_and_when(benchmark_rows: Benchmark, member: User) -> None:
    submission = hand_in(benchmark_rows, member)
    terms_publish(text="Other terms.")
    submission.refresh_from_db()
    assert submission.terms == Terms.objects.get(version=1)
    assert submission.agreed_by == member
    assert submission.agreed_at is not None
    assert Record.objects.get(act="submission.handed-in").details["terms"] == 1


def test_without_a_tick_nothing_is_taken_in(
    client: Client, member: User, team: Team, benchmark_rows: Benchmark
) -> None:
    client.force_login(member)
    response = client.post(SUBMIT, entries(team, benchmark_rows))
    assert response.status_code == 422
    assert "Without your agreement nothing is taken in." in response.content.decode()
    assert not Submission.objects.exists()


def test_terms_that_changed_while_the_form_was_open_are_to_be_agreed_to_anew(
    client: Client, member: User, team: Team, benchmark_rows: Benchmark
) -> None:
    client.force_login(member)
    assert 'value="1"' in client.get(SUBMIT).content.decode().partition('name="terms"')[2].partition(">")[0]
    terms_publish(text="Other terms.")
    response = client.post(SUBMIT, entries(team, benchmark_rows, terms="1"))
    page = response.content.decode()
    assert response.status_code == 422
    assert "You agreed to version 1; version 2 is in force." in page
    box = page.partition('name="terms"')[2].partition(">")[0]
    assert 'value="2"' in box
    assert "checked" not in box
    assert client.post(SUBMIT, entries(team, benchmark_rows, terms="2")).status_code == 302
    assert Submission.objects.get().terms == Terms.objects.get(version=2)


def test_a_form_refused_for_another_reason_keeps_the_tick(
    client: Client, member: User, team: Team, benchmark_rows: Benchmark
) -> None:
    client.force_login(member)
    page = client.post(SUBMIT, entries(team, benchmark_rows, terms="1", threshold="2")).content.decode()
    assert "checked" in page.partition('name="terms"')[2].partition(">")[0]


def test_where_no_terms_are_published_nothing_is_taken_in(benchmark_rows: Benchmark, member: User) -> None:
    Terms.objects.all().delete()
    with pytest.raises(Refusal, match="No terms are published that you could agree to"):
        hand_in(benchmark_rows, member)


def test_half_a_consent_is_no_row(benchmark_rows: Benchmark, member: User) -> None:
    submission = hand_in(benchmark_rows, member)
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.filter(pk=submission.pk).update(agreed_at=None)


def test_terms_are_published_from_a_file_and_an_old_version_is_still_to_be_read(
    client: Client, benchmark_rows: Benchmark, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "terms.txt"
    file.write_text("What we ask of you.\n")
    call_command("publish_terms", str(file))
    assert "Version 2 of the terms is published" in capsys.readouterr().out
    with pytest.raises(CommandError, match="This text is version 2 already"):
        call_command("publish_terms", str(file))
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("publish_terms", str(tmp_path / "missing.txt"))
    assert "What we ask of you." in client.get(reverse("dashboards:terms")).content.decode()
    old = client.get(reverse("dashboards:terms-version", args=[1])).content.decode()
    assert "is in force by now" in old
    assert client.get(reverse("dashboards:terms-version", args=[3])).status_code == 404
    assert Record.objects.filter(act="terms.published").count() == 2


def test_a_site_without_terms_says_so(client: Client) -> None:
    assert "No terms are published." in client.get(reverse("dashboards:terms")).content.decode()


def test_text_of_the_terms_is_no_markup(client: Client, benchmark_rows: Benchmark) -> None:
    terms_publish(text="<script>alert(1)</script>")
    assert "<script>alert" not in client.get(reverse("dashboards:terms")).content.decode()
