"""What the platform used, counted by hand; and the steps to a final, as buttons."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.awards.models import Closing
from leaderboard.awards.services import finalist_name
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Run, Worker
from leaderboard.operations.usage import Failures, disk, usage
from leaderboard.rankings.models import FinalRanking
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def organised(client: Client, organiser: User) -> Client:
    client.force_login(organiser)
    return client


def of_model(model: str) -> list[Run]:
    return list(Run.objects.filter(evaluation__submission__model=model).order_by("pk"))


def test_hours_are_those_of_runs_that_ended_in_thirty_days(ranked: Benchmark) -> None:
    now = timezone.now()
    first, second = of_model("Careful")
    Run.objects.filter(pk=first.pk).update(started=now - timedelta(hours=3), finished=now - timedelta(hours=1))
    Run.objects.filter(pk=second.pk).update(started=now - timedelta(days=40), finished=now - timedelta(days=31))
    two, none = timedelta(hours=2), timedelta()
    team = [(one.who, one.runs, one.lasted, one.on_gpus) for one in usage().by_team]
    assert team == [("Uppsala Imaging", 1, two, none)]
    Benchmark.objects.update(gpus=1)
    assert [(one.who, one.on_gpus) for one in usage().by_hospital] == [(first.hospital.name, two)]


def test_failures_are_counted_over_a_week_and_a_month(ranked: Benchmark) -> None:
    now = timezone.now()
    failed = {"state": Run.State.FAILED, "failure": "time-limit", "fault": "submission"}
    for run, days in zip((*of_model("Careful"), *of_model("Blind")), (1, 6, 20, 31), strict=True):
        Run.objects.filter(pk=run.pk).update(**failed, state_since=now - timedelta(days=days))
    assert usage().failures == [Failures(failure="time-limit", fault="submission", week=2, month=3)]


def test_open_runs_are_shown_by_age_and_queues_with_who_listens(ranked: Benchmark) -> None:
    first, second = of_model("Careful")
    for run, hours in ((first, 2), (second, 30)):
        since = timezone.now() - timedelta(hours=hours)
        Run.objects.filter(pk=run.pk).update(state=Run.State.QUEUED, state_since=since)
    Worker.objects.create(name="one@here", queues=[first.hospital.queue])
    found = usage()
    assert [(row.state, row.counts) for row in found.ages] == [("queued", [0, 1, 0, 1])]
    lines = {queue.name: (queue.waiting, queue.workers) for queue in found.queues}
    assert lines == {
        "platform": (0, []),
        first.hospital.queue: (1, ["one@here"]),
        second.hospital.queue: (1, []),
    }


def test_quotas_of_this_month_are_those_that_count(ranked: Benchmark) -> None:
    Submission.objects.filter(model="Blind").update(state=Submission.State.REFUSED, fault="platform")
    found = {(row.team, row.used, row.allowed) for row in usage().quotas}
    assert found == {("Uppsala Imaging", 1, 50), ("Wolves", 1, 50)}


def test_disk_is_counted_by_kind_a_file_under_two_names_once(data_folder: Path, db: None) -> None:
    (data_folder / "state" / "store").mkdir(parents=True)
    (data_folder / "state" / "store" / "scan").write_bytes(b"x" * 1000)
    (data_folder / "state" / "again").hardlink_to(data_folder / "state" / "store" / "scan")
    (data_folder / "archives").mkdir()
    (data_folder / "archives" / "a.tar").write_bytes(b"x" * 500)
    sizes = dict(disk().kinds)
    assert sizes["scans as containers get them, and runs under way"] == 1000
    assert sizes["image archives that teams handed in"] == 500


def test_the_page_shows_it(organised: Client, ranked: Benchmark) -> None:
    page = organised.get(reverse("operations:usage")).content.decode()
    for words in ("Quotas this month", "Uppsala Imaging", "No run is open.", "None in the last 30 days."):
        assert words in page
    assert "image archives" not in page  # there are none on the disk


def act(client: Client, name: str, *args: object, sure: bool = True) -> str:
    posted = {"sure": "on"} if sure else {}
    return client.post(reverse(f"operations:{name}", args=args), posted, follow=True).content.decode()


def test_nothing_is_done_for_good_without_a_tick(organised: Client, ranked: Benchmark) -> None:
    assert "Nothing was done" in act(organised, "publish-ranking", ranked.slug, 1, sure=False)
    assert "Nothing was done" in act(organised, "open-final", ranked.slug, sure=False)
    ranked.refresh_from_db()
    assert ranked.final_at is None
    assert not FinalRanking.objects.exists()


def test_a_benchmark_is_brought_to_its_final_by_buttons(organised: Client, ranked: Benchmark, member: User) -> None:
    assert "has no finalist yet" in act(organised, "close-finalists", ranked.slug)
    finalist_name(submission=Submission.objects.get(model="Careful"), by=member)
    assert "Uppsala Imaging: Careful" in organised.get(reverse("operations:final", args=[ranked.slug])).content.decode()
    assert "The list of finalists is closed." in act(organised, "close-finalists", ranked.slug)
    assert Closing.objects.filter(benchmark=ranked).exists()
    assert "has no sealed cohort" in act(organised, "run-sealed", ranked.slug)
    assert "The final is open" in act(organised, "open-final", ranked.slug)
    assert "A worker looks whether anything has changed" in act(organised, "rank", ranked.slug)
    page = act(organised, "publish-ranking", ranked.slug, 1)
    final = FinalRanking.objects.get()
    assert final.record_id in page
    assert "final since" in page
    by = set(Record.objects.filter(act__in=("ranking.final", "final.opened", "finalists.closed")).values_list("actor"))
    assert by == {(f"user {final.published_by_id}",)}


def test_a_submission_under_way_keeps_the_final_closed(organised: Client, ranked: Benchmark) -> None:
    factories.SubmissionFactory.create(benchmark=ranked, model="Late")
    assert "1 submissions are under way" in act(organised, "open-final", ranked.slug)
