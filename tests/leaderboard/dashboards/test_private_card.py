"""A private report card: the team's and the organisers', and never more than may be told before a final."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pypdf import PdfReader

from leaderboard.accounts.models import Team, User
from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import kept_back_set
from leaderboard.evaluations.models import Evaluation
from leaderboard.rankings.models import Entry, EvaluationNumbers
from leaderboard.rankings.services import final_open, private_numbers, private_numbers_make, snapshot_make
from leaderboard.rankings.tasks import private_numbers as task
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_release
from tests import factories
from tests.leaderboard.dashboards.test_pages import words

pytestmark = pytest.mark.django_db


def hand_in(benchmark: Benchmark, team: Team, *, done: bool = True, model: str = "Secret") -> Submission:
    submission = factories.SubmissionFactory.create(
        team=team, benchmark=benchmark, model=model, accepted=True, public=False
    )
    if done:
        factories.make_done(submission, misses=1)
    return submission


def address(submission: Submission) -> str:
    return reverse("dashboards:private-card", args=[submission.pk])


def counted(submission: Submission) -> Submission:
    task(str(submission.evaluation.pk))
    return submission


@pytest.fixture
def secret(ranked: Benchmark, team: Team, member: User) -> Submission:
    return counted(hand_in(ranked, team))


def test_the_team_sees_its_numbers_and_that_nobody_else_does(client: Client, secret: Submission, member: User) -> None:
    client.force_login(member)
    text = words(client.get(address(secret)))
    assert "Your team and the organisers see this page, nobody else." in text
    # one of four cancers missed at both hospitals: 6/8
    assert "75.0" in text
    assert "(40.9–92.9)" in text
    assert "rank band" not in text
    assert "Provenance" in text
    assert not Entry.objects.filter(evaluation__submission=secret).exists()


def test_for_everybody_else_it_does_not_exist(
    client: Client, secret: Submission, rival: User, funder: User, organiser: User
) -> None:
    document = reverse("dashboards:private-card-pdf", args=[secret.pk])
    for path in (address(secret), document):
        assert client.get(path)["Location"].startswith(reverse("accounts:login"))
    for user in (rival, funder):
        client.force_login(user)
        assert [client.get(path).status_code for path in (address(secret), document)] == [404, 404]
    for name in ("card", "card-pdf"):
        assert client.get(reverse(f"dashboards:{name}", args=[secret.pk])).status_code == 404
    client.force_login(organiser)
    assert client.get(address(secret)).status_code == 200
    assert Record.objects.filter(act__startswith="seen", about__contains=str(secret.pk)).exists()


def test_no_public_page_tells_of_it(client: Client, secret: Submission, ranked: Benchmark) -> None:
    snapshot_make(benchmark=ranked)
    for name in ("leaderboard", "leaderboard-csv", "leaderboard-json", "compare", "progress", "changes", "transfer"):
        assert "Secret" not in client.get(reverse(f"dashboards:{name}", args=[ranked.slug])).content.decode()


def test_it_is_never_kept_by_a_cache_between(client: Client, secret: Submission, member: User) -> None:
    client.force_login(member)
    assert "no-store" in client.get(address(secret))["Cache-Control"]


def test_its_document_says_that_it_is_private(client: Client, secret: Submission, member: User) -> None:
    client.force_login(member)
    response = client.get(reverse("dashboards:private-card-pdf", args=[secret.pk]))
    reader = PdfReader(io.BytesIO(b"".join(response)))
    text = " ".join(page.extract_text() for page in reader.pages)
    assert "the submission is in no ranking" in text
    assert "private, in no ranking" in reader.pages[0].extract_text()


def test_what_is_not_counted_yet_is_asked_for_once(
    client: Client, ranked: Benchmark, team: Team, member: User, django_capture_on_commit_callbacks: object
) -> None:
    submission = hand_in(ranked, team)
    client.force_login(member)
    text = words(client.get(address(submission)))
    assert "its numbers are being counted" in text
    assert private_numbers(evaluation=submission.evaluation) is None
    assert caches["pages"].get(f"rankings.private_numbers-{submission.evaluation.pk}")
    assert client.get(reverse("dashboards:private-card-pdf", args=[submission.pk]))["Location"] == address(submission)
    counted(submission)
    assert "Provenance" in words(client.get(address(submission)))


def test_released_it_is_the_page_that_everybody_sees(
    client: Client, secret: Submission, ranked: Benchmark, member: User
) -> None:
    submission_release(submission=secret, by=member)
    client.force_login(member)
    assert client.get(address(secret))["Location"] == reverse("dashboards:card", args=[secret.pk])
    before = EvaluationNumbers.objects.get(evaluation=secret.evaluation)
    snapshot_make(benchmark=ranked)
    assert EvaluationNumbers.objects.get(evaluation=secret.evaluation).pk == before.pk  # counted once
    client.logout()
    assert client.get(reverse("dashboards:card", args=[secret.pk])).status_code == 200


def test_before_the_final_of_a_ladder_nothing_is_told_to_anybody(
    client: Client, benchmark_rows: Benchmark, team: Team, member: User, organiser: User
) -> None:
    ladder = kept_back_set(benchmark=benchmark_rows, ladder=True)
    submission = counted(hand_in(ladder, team))
    assert not EvaluationNumbers.objects.exists()
    for user in (member, organiser):
        client.force_login(user)
        text = words(client.get(address(submission)))
        assert "Before the final nothing is told of a private submission." in text
        assert "75.0" not in text
        assert client.get(reverse("dashboards:private-card-pdf", args=[submission.pk])).status_code == 404
    factories.make_done(factories.SubmissionFactory.create(team=team, benchmark=ladder, model="Open", accepted=True))
    final_open(benchmark=ladder, by=None)
    counted(Submission.objects.get(pk=submission.pk))
    assert "75.0" in words(client.get(address(submission)))


def test_strata_are_kept_from_it_until_the_final_and_then_counted_anew(
    client: Client, benchmark_rows: Benchmark, team: Team, member: User
) -> None:
    benchmark = factories.make_ranked(kept_back_set(benchmark=benchmark_rows, strata_at_final=True))
    submission = counted(hand_in(benchmark, team))
    client.force_login(member)
    text = words(client.get(address(submission)))
    assert "Strata are shown at the final." in text
    assert "20–40 mm" not in text
    kept = EvaluationNumbers.objects.get(evaluation=submission.evaluation).overall
    assert kept["sensitivity"]["le20"]["k"] is None
    final_open(benchmark=benchmark, by=None)
    assert "its numbers are being counted" in words(client.get(address(submission)))
    counted(Submission.objects.get(pk=submission.pk))
    assert "20–40 mm" in words(client.get(address(submission)))


def test_what_is_told_at_published_times_is_told_then(
    client: Client, ranked: Benchmark, team: Team, member: User
) -> None:
    ranked.batch_hours = 24
    ranked.save()
    submission = counted(hand_in(ranked, team))
    client.force_login(member)
    assert "Its report card is not there yet." in words(client.get(address(submission)))
    assert not EvaluationNumbers.objects.filter(evaluation=submission.evaluation).exists()
    Evaluation.objects.filter(submission=submission).update(state_since=timezone.now() - timedelta(days=2))
    counted(Submission.objects.get(pk=submission.pk))
    assert "75.0" in words(client.get(address(submission)))


def test_of_what_has_not_run_there_is_none(client: Client, ranked: Benchmark, team: Team, member: User) -> None:
    submission = hand_in(ranked, team, done=False)
    client.force_login(member)
    assert "It was run at no hospital yet." in words(client.get(address(submission)))
    Evaluation.objects.create(submission=submission, state=Evaluation.State.RUNNING)
    assert "Its report card is not there yet." in words(client.get(address(submission)))
    assert private_numbers_make(pk=submission.evaluation.pk + 1000) is None


def test_the_page_of_the_submission_leads_to_it(client: Client, secret: Submission, member: User) -> None:
    client.force_login(member)
    page = client.get(reverse("evaluations:submission", args=[secret.pk])).content.decode()
    assert address(secret) in page
    assert reverse("submissions:about", args=[secret.pk]) in page
