"""The page of a submission and the organisers' operations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from evaluator.errors import FailureClass, Fault
from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation, Run, Worker
from leaderboard.evaluations.selectors import RunProgress, expected_waits
from leaderboard.evaluations.told import told_of
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = pytest.mark.django_db


def first_run(model: str = "Careful", **changes: object) -> Run:
    run = Run.objects.filter(evaluation__submission__model=model).earliest("pk")
    Run.objects.filter(pk=run.pk).update(**changes)
    run.refresh_from_db()
    return run


def test_a_failed_run_names_its_class_whose_fault_and_what_to_do(
    client: Client, member: User, ranked: Benchmark
) -> None:
    run = first_run(
        state="failed", failure="time-limit", fault="submission", reason="Too slow.", next_step="Make it faster."
    )
    client.force_login(member)
    page = client.get(reverse("evaluations:submission", args=[run.evaluation.submission_id])).content.decode()
    for words in ("time-limit", "submission", "It needed more time than the benchmark gives."):
        assert words in page
    for words in ("Too slow.", "Make it faster."):  # of held-out scans a program could send words by them
        assert words not in page


@pytest.mark.parametrize("failure", list(FailureClass))
def test_every_class_has_its_words_and_only_ours_is_tried_again(failure: FailureClass, ranked: Benchmark) -> None:
    run = first_run(state="queued", failure=failure.value, fault=failure.fault.value, reason="exit code 83")
    told = told_of(run)
    assert told
    assert "83" not in told
    assert ("tried again" in told) == (failure.fault in (Fault.PLATFORM, Fault.HOSPITAL))
    run.state = Run.State.FAILED
    assert "tried again" not in told_of(run)


def test_run_time_and_peak_memory_are_rounded(client: Client, member: User, ranked: Benchmark) -> None:
    now = timezone.now()
    run = first_run(state="done", started=now - timedelta(seconds=187), finished=now, peak_memory_bytes=1_234_567_890)
    client.force_login(member)
    page = client.get(reverse("evaluations:submission", args=[run.evaluation.submission_id])).content.decode()
    assert ">4 min<" in page
    assert ">1.2 GB<" in page
    assert RunProgress(run=run, position=None, quarters=0, told=True).peak_memory_bytes == 1_200_000_000


def test_a_team_sees_cases_only_in_quarters(client: Client, member: User, ranked: Benchmark) -> None:
    run = first_run(state="queued", cases_done=3, cases_total=8)
    client.force_login(member)
    page = client.get(reverse("evaluations:state", args=[run.evaluation.submission_id])).content.decode()
    assert "25 %" in page
    assert "3 of 8" not in page
    assert 'hx-trigger="every 3s"' in page


def test_a_page_whose_runs_have_ended_asks_no_more(client: Client, member: User, ranked: Benchmark) -> None:
    client.force_login(member)
    submission = Submission.objects.get(model="Careful")
    page = client.get(reverse("evaluations:state", args=[submission.pk])).content.decode()
    assert "hx-trigger" not in page
    assert reverse("dashboards:card", args=[submission.pk]) in page


def test_a_try_out_log_is_shown_as_text(client: Client, member: User, ranked: Benchmark) -> None:
    Submission.objects.filter(model="Careful").update(try_out_log="<script>alert(1)</script>")
    client.force_login(member)
    submission = Submission.objects.get(model="Careful")
    page = client.get(reverse("evaluations:submission", args=[submission.pk])).content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_operations_show_the_queue_and_a_silent_worker(client: Client, organiser: User, ranked: Benchmark) -> None:
    first_run(state="queued", cases_done=3, cases_total=8)
    Worker.objects.create(name="celery@here", queues=["platform"])
    client.force_login(organiser)
    page = client.get("/evaluations/operations/").content.decode()
    for words in ("Careful", "3 of 8", "celery@here", "alive"):
        assert words in page


def test_an_organiser_cancels_a_run_in_line_and_puts_it_in_line_again(
    client: Client, organiser: User, ranked: Benchmark
) -> None:
    run = first_run(state="queued")
    client.force_login(organiser)
    client.post(reverse("evaluations:cancel-run", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "cancelled"
    client.post(reverse("evaluations:requeue-run", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "queued"


def test_a_run_that_has_ended_is_not_cancelled_but_explained(
    client: Client, organiser: User, ranked: Benchmark
) -> None:
    run = first_run()
    client.force_login(organiser)
    page = client.post(reverse("evaluations:cancel-run", args=[run.pk]), follow=True).content.decode()
    assert "It has ended" in page


def test_who_stands_in_line_is_told_when_it_may_be_done(client: Client, ranked: Benchmark, member: User) -> None:
    """Three runs took 1, 10 and 30 minutes at a hospital: the second in line there is done in about 20."""
    waiting = factories.make_done(
        factories.SubmissionFactory.create(team=member.teams.get(), benchmark=ranked, model="Waits", accepted=True)
    )
    run = waiting.runs.order_by("pk").first()
    assert run is not None
    now = timezone.now()
    for other, minutes in zip(
        Run.objects.filter(hospital=run.hospital).exclude(pk=run.pk).order_by("pk"), (1, 10, 30), strict=True
    ):
        Run.objects.filter(pk=other.pk).update(started=now - timedelta(minutes=minutes), finished=now)
    first = factories.make_done(
        factories.SubmissionFactory.create(team=member.teams.get(), benchmark=ranked, model="First", accepted=True)
    )
    ahead = first.runs.get(hospital=run.hospital)
    Run.objects.filter(pk__in=(run.pk, ahead.pk)).update(state=Run.State.QUEUED)
    Run.objects.filter(pk=ahead.pk).update(created=now - timedelta(hours=1))
    Evaluation.objects.filter(pk=waiting.pk).update(state=Evaluation.State.RUNNING)
    client.force_login(member)
    page = client.get(f"/evaluations/{waiting.submission_id}/").content.decode()
    assert "number 2 in line, done in about 20 min" in page
    Benchmark.objects.update(batch_hours=24)
    waits = expected_waits([run], {run.pk: 2})
    assert waits == {}, "when a run has ended is told at published times"


def test_how_long_it_may_take_is_said_in_minutes_begun(ranked: Benchmark) -> None:
    now = timezone.now()
    Run.objects.update(started=now - timedelta(seconds=61), finished=now)
    run = first_run()
    assert expected_waits([run], {run.pk: 3}) == {run.pk: timedelta(minutes=6)}
