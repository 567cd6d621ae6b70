"""Where a benchmark says so, teams learn at published times alone how runs ended, and rankings count them then."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.benchmarks.models import BATCHES, Benchmark
from leaderboard.benchmarks.services import kept_back_set
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.selectors import progress_of
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import Rung, Snapshot
from leaderboard.rankings.services import ladder_climb, rankings_reconcile
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def submission(benchmark_rows: Benchmark, team: Team) -> Submission:
    """Done a moment ago on a benchmark that tells at midnight."""
    benchmark = kept_back_set(benchmark=benchmark_rows, batch_hours=24)
    found = factories.SubmissionFactory.create(team=team, benchmark=benchmark, model="Mine", accepted=True)
    factories.make_done(found)
    return found


def midnight_passes() -> None:
    yesterday = timezone.now() - timedelta(days=1)
    Evaluation.objects.update(state_since=yesterday)


@pytest.mark.parametrize("hours", BATCHES)
def test_published_times_are_whole_parts_of_a_day(benchmark_rows: Benchmark, hours: int) -> None:
    benchmark = kept_back_set(benchmark=benchmark_rows, batch_hours=hours)
    last, following = benchmark.last_batch, benchmark.next_batch
    assert last is not None
    assert following is not None
    assert last <= timezone.now() < following
    assert (last.tzinfo, last.hour % hours, last.minute, last.second) == (UTC, 0, 0, 0)
    assert following - last == timedelta(hours=hours)


def test_other_times_are_refused(benchmark_rows: Benchmark) -> None:
    with pytest.raises(ValidationError, match="not a valid choice"):
        kept_back_set(benchmark=benchmark_rows, batch_hours=5)


def test_until_then_a_team_sees_that_runs_are_under_way_and_nothing_else(
    submission: Submission, member: User, organiser: User, client: Client
) -> None:
    client.force_login(member)
    pages = [reverse(f"evaluations:{name}", args=[submission.pk]) for name in ("submission", "state")]
    for page in (*pages, reverse("submissions:list")):
        text = client.get(page).content.decode()
        assert "under way" in text
        assert ">done" not in text
        assert "Report card" not in text
        assert "Peak memory</th>" not in text or "MiB" not in text
    assert "tells how runs ended at published times" in client.get(pages[1]).content.decode()
    assert progress_of(submission).open  # the page goes on asking
    client.force_login(organiser)
    assert "under way" not in client.get(pages[1]).content.decode()


def test_afterwards_it_sees_everything(submission: Submission, member: User, client: Client) -> None:
    midnight_passes()
    client.force_login(member)
    text = client.get(reverse("evaluations:state", args=[submission.pk])).content.decode()
    assert "under way" not in text
    assert "Report card of Mine" in text
    assert "done" in client.get(reverse("submissions:list")).content.decode()


def test_rankings_count_it_from_then_on(submission: Submission) -> None:
    rankings_reconcile()
    assert not Snapshot.objects.exists()
    midnight_passes()
    rankings_reconcile()
    assert Snapshot.objects.get().entries.count() == 1


def test_the_ladder_climbs_from_then_on(benchmark_rows: Benchmark, team: Team) -> None:
    benchmark = kept_back_set(benchmark=benchmark_rows, ladder=True, batch_hours=24)
    factories.make_done(factories.SubmissionFactory.create(team=team, benchmark=benchmark, accepted=True))
    assert ladder_climb(benchmark=benchmark) == []
    midnight_passes()
    assert ladder_climb(benchmark=benchmark) == list(Rung.objects.all())
    assert Rung.objects.count() == 1


def test_asking_a_run_to_stop_does_not_tell_whether_it_has_ended(
    submission: Submission, member: User, client: Client
) -> None:
    done = Run.objects.filter(evaluation__submission=submission).earliest("pk")
    client.force_login(member)
    answer = client.post(reverse("evaluations:cancel-run", args=[done.pk]), follow=True).content.decode()
    assert "cannot be cancelled here before it is told of" in answer
    assert "It has ended." not in answer


def test_a_sealed_run_is_told_of_in_the_final(ranked: Benchmark, member: User, client: Client) -> None:
    run = Run.objects.filter(evaluation__submission__model="Careful").earliest("pk")
    Run.objects.filter(pk=run.pk).update(sealed=True)
    client.force_login(member)
    address = reverse("evaluations:state", args=[run.evaluation.submission_id])
    assert "told when the final is opened" in client.get(address).content.decode()
    ranked.final_at = timezone.now()
    ranked.save()
    assert "told when the final is opened" not in client.get(address).content.decode()


def test_without_the_choice_everything_is_told_at_once(ranked: Benchmark, member: User, client: Client) -> None:
    assert (ranked.last_batch, ranked.next_batch) == (None, None)
    submission = Submission.objects.get(model="Careful")
    client.force_login(member)
    assert "under way" not in client.get(reverse("evaluations:state", args=[submission.pk])).content.decode()
    with pytest.raises(Refusal, match="keeps back cannot change"):
        kept_back_set(benchmark=ranked, batch_hours=6)
