"""Logs of held-out runs: encrypted, for organisers, recorded when read, and deleted in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from evaluator.container.fake_engine import FakeBox
from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.evaluations.models import Run, RunLog
from leaderboard.evaluations.services import evaluations_reconcile
from leaderboard.lib.encrypted import LOST, decrypt, encrypt
from tests.leaderboard.stage import Stage, detect

pytestmark = pytest.mark.django_db

SECRET = "voxel 17 is -48"


def chatty(box: FakeBox) -> int:
    box.print(SECRET)
    return detect(box)


@pytest.fixture
def run(stage: Stage) -> Run:
    submission = stage.accept(chatty)
    stage.execute(submission)
    return stage.runs(submission)[0]


def test_what_a_container_prints_of_scans_is_kept_encrypted(run: Run) -> None:
    canary, log = run.logs.order_by("pk")
    assert SECRET in decrypt(canary.encrypted)
    assert SECRET.encode() not in bytes(log.encrypted)
    assert SECRET in decrypt(log.encrypted)
    assert log.attempt == 1


def test_organisers_read_it_and_that_is_recorded(run: Run, client: Client, organiser: User) -> None:
    client.force_login(organiser)
    page = client.get(reverse("evaluations:logs", args=[run.pk])).content.decode()
    assert SECRET in page
    last = Record.objects.latest("number")
    assert (last.act, last.about, last.actor) == ("run.log-read", f"run {run.pk}", f"user {organiser.pk}")


@pytest.mark.parametrize("page", ["evaluations:operations", "evaluations:submission"])
def test_from_a_run_that_is_done_an_organiser_comes_to_its_logs_and_its_team_does_not(
    page: str, run: Run, stage: Stage, client: Client, organiser: User
) -> None:
    assert run.state == Run.State.DONE
    address = reverse(page, args=[] if page.endswith("operations") else [run.evaluation.submission_id])
    link = f'href="{reverse("evaluations:logs", args=[run.pk])}"'
    client.force_login(organiser)
    assert link in client.get(address).content.decode()
    client.force_login(stage.member)
    assert link not in client.get(address).content.decode()


def test_the_team_never_sees_it(run: Run, stage: Stage, client: Client) -> None:
    client.force_login(stage.member)
    assert client.get(reverse("evaluations:logs", args=[run.pk])).status_code == 403
    submission = run.evaluation.submission
    assert SECRET in submission.try_out_log  # of public sample cases it sees all
    Run.objects.update(state=Run.State.FAILED, failure="exit-code", fault="submission", reason="It crashed.")
    page = client.get(reverse("evaluations:submission", args=[submission.pk])).content.decode()
    assert page.count(SECRET) == submission.try_out_log.count(SECRET)


def test_it_is_deleted_after_its_days(run: Run, settings: Settings) -> None:
    evaluations_reconcile()
    assert run.logs.count() == 2
    RunLog.objects.filter(run=run).update(created=timezone.now() - timedelta(days=settings.LOG_DAYS, minutes=1))
    evaluations_reconcile()
    assert run.logs.count() == 0
    assert RunLog.objects.count() == 2  # the other hospital's is young


def test_keys_can_be_exchanged_and_a_lost_one_is_said(settings: Settings) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.LOG_KEYS = [old]
    given = encrypt("text")
    settings.LOG_KEYS = [new, old]
    assert decrypt(given) == "text"
    settings.LOG_KEYS = [new]
    assert decrypt(given) == LOST
