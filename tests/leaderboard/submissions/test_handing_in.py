from __future__ import annotations

import hashlib
import io
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.files import File
from django.db import connection
from django.http import Http404
from django.utils import timezone
from pytest_django import Settings

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import duplicates_of, get_submission_for, queue_position, quota, submissions_for
from leaderboard.submissions.services import submission_create, submission_withdraw
from tests import factories

pytestmark = [pytest.mark.core]


def hand_in(benchmark: Benchmark, by: User, data: bytes = b"an archive", **changes: Any) -> Submission:
    asked: dict[str, Any] = {
        "team": changes.get("team") or by.teams.get(),
        "benchmark": benchmark,
        "model": "Detector",
        "archive": File(io.BytesIO(data), name="detector.tar"),
        "contract": "folder",
        "threshold": 0.5,
        "trained_on": (),
        "terms": 1,
        "by": by,
    }
    return submission_create(**(asked | changes))


@pytest.mark.django_db
def test_the_archive_is_on_disk_with_its_digest(benchmark_rows: Benchmark, member: User) -> None:
    submission = hand_in(benchmark_rows, member, b"x" * 3_000_000)
    assert submission.archive_path.read_bytes() == b"x" * 3_000_000
    assert submission.archive_sha256 == hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert (submission.archive_bytes, submission.state) == (3_000_000, Submission.State.UPLOADED)
    assert queue_position(submission) == 1


@pytest.mark.django_db
def test_nothing_is_kept_of_what_is_refused(benchmark_rows: Benchmark, member: User, settings: Settings) -> None:
    settings.LARGEST_ARCHIVE = 10
    outsider = factories.UserFactory.create()
    team = member.teams.get()
    for changes, said in (
        ({"data": b""}, "empty"),
        ({"data": b"eleven byte"}, "larger"),
        ({"contract": "telepathy"}, "contract"),
        ({"threshold": 1.5}, "not taken in"),
        ({"model": " "}, "not taken in"),
        ({"by": outsider, "team": team}, "not a member"),
    ):
        with pytest.raises(Refusal, match=said):
            hand_in(benchmark_rows, **({"by": member} | changes))
    assert not Submission.objects.exists()
    assert list((settings.DATA / "archives").glob("*")) == []


@pytest.mark.django_db
def test_a_name_is_taken_until_its_submission_is_refused_or_withdrawn(benchmark_rows: Benchmark, member: User) -> None:
    first = hand_in(benchmark_rows, member)
    with pytest.raises(Refusal, match="already has a submission of this name"):
        hand_in(benchmark_rows, member)
    submission_withdraw(submission=first, by=member)
    assert hand_in(benchmark_rows, member).pk != first.pk


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("state", "fault", "accepted", "counts"),
    [
        ("uploaded", "", False, True),
        ("trying-out", "", False, True),
        ("accepted", "", True, True),
        ("refused", "submission", False, True),
        ("refused", "platform", False, False),
        ("refused", "hospital", False, False),
        ("withdrawn", "", False, False),
        ("withdrawn", "", True, True),
    ],
)
def test_the_quota_charges_what_was_accepted_or_failed_by_its_own_fault(
    benchmark_rows: Benchmark, member: User, state: str, fault: str, *, accepted: bool, counts: bool
) -> None:
    team = member.teams.get()
    when = timezone.now() if accepted else None
    factories.SubmissionFactory.create(
        team=team, benchmark=benchmark_rows, state=state, fault=fault, accepted_at=when, image="sha256:0"
    )
    assert quota(team=team, benchmark=benchmark_rows).used == counts


@pytest.mark.django_db
def test_the_quota_is_renewed_with_the_month(benchmark_rows: Benchmark, member: User) -> None:
    team = member.teams.get()
    start = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    factories.SubmissionFactory.create(team=team, benchmark=benchmark_rows, created=start - timedelta(seconds=1))
    factories.SubmissionFactory.create(team=team, benchmark=benchmark_rows, created=start)
    now = quota(team=team, benchmark=benchmark_rows)
    assert now.used == 1
    assert now.renewed.day == 1
    assert now.renewed > timezone.now()


@pytest.mark.django_db(transaction=True)
def test_two_uploads_at_once_cannot_both_take_the_last_place(benchmark_rows: Benchmark, member: User) -> None:
    Benchmark.objects.update(quota_per_month=1)
    benchmark_rows.refresh_from_db()
    start = threading.Barrier(4)
    refused: list[str] = []

    def upload(number: int) -> None:
        start.wait()
        try:
            hand_in(benchmark_rows, member, f"archive {number}".encode(), model=f"Detector {number}")
        except Refusal as refusal:
            refused.append(refusal.what)
        finally:
            connection.close()

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Submission.objects.count() == 1
    assert len(refused) == 3


@pytest.mark.django_db
def test_a_submission_exists_for_its_team_and_organisers_only(
    benchmark_rows: Benchmark, member: User, rival: User, organiser: User, funder: User
) -> None:
    submission = hand_in(benchmark_rows, member)
    for person in (member, organiser):
        assert get_submission_for(person, submission.pk) == submission
    for person in (rival, funder):
        with pytest.raises(Http404):
            get_submission_for(person, str(submission.pk))
        assert list(submissions_for(person)) == []
    with pytest.raises(Http404):
        get_submission_for(member, "no-such-id")
    assert list(submissions_for(member)) == [submission]


@pytest.mark.django_db
def test_a_duplicate_is_named_within_the_team_only(benchmark_rows: Benchmark, member: User, rival: User) -> None:
    digest = "sha256:" + "a" * 64
    ours, again, theirs = (
        factories.SubmissionFactory.create(team=person.teams.get(), benchmark=benchmark_rows, image=digest)
        for person in (member, member, rival)
    )
    assert list(duplicates_of(again)) == [ours]
    assert list(duplicates_of(theirs)) == []


@pytest.mark.django_db
def test_the_same_archive_is_taken_once_at_an_operating_point(benchmark_rows: Benchmark, member: User) -> None:
    first = hand_in(benchmark_rows, member)
    with pytest.raises(Refusal, match="already: “Detector”"):
        hand_in(benchmark_rows, member, model="Again")
    assert Submission.objects.get() == first
    hand_in(benchmark_rows, member, model="Stricter", threshold=0.7)
    submission_withdraw(submission=first, by=member)
    hand_in(benchmark_rows, member, model="Again")
    assert Submission.objects.count() == 3


@pytest.mark.django_db
def test_calibration_leaves_no_other_operating_point(benchmark_rows: Benchmark, member: User) -> None:
    benchmark_rows.calibration.add(factories.make_cohort())
    hand_in(benchmark_rows, member)
    with pytest.raises(Refusal, match="already"):
        hand_in(benchmark_rows, member, model="Stricter", threshold=0.7)


@pytest.mark.django_db
def test_what_its_checks_refused_costs_nothing(benchmark_rows: Benchmark, member: User) -> None:
    for image, counts in (("", 0), ("sha256:0", 1)):
        factories.SubmissionFactory.create(
            team=member.teams.get(), benchmark=benchmark_rows, state="refused", fault="submission", image=image
        )
        assert quota(team=member.teams.get(), benchmark=benchmark_rows).used == counts


@pytest.mark.django_db
def test_a_next_version_is_said_when_it_is_handed_in(benchmark_rows: Benchmark, member: User, rival: User) -> None:
    first = hand_in(benchmark_rows, member)
    with pytest.raises(Refusal, match="cannot be the next version"):  # not accepted yet
        hand_in(benchmark_rows, member, b"better", model="Better", follows=first)
    Submission.objects.update(state="accepted", image="sha256:0", accepted_at=timezone.now())
    assert hand_in(benchmark_rows, member, b"better", model="Better", follows=first).follows == first
    for by, data in ((member, b"best"), (rival, b"theirs")):
        with pytest.raises(Refusal, match="cannot be the next version"):
            hand_in(benchmark_rows, by, data, model="Third", follows=first)
    assert Submission.objects.count() == 2
