"""A private submission is published when its team says so, and then ranked."""

from __future__ import annotations

import pytest
from django.test import Client

from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import Entry
from leaderboard.rankings.services import snapshot_make
from leaderboard.submissions.services import submission_release
from tests import factories

pytestmark = pytest.mark.django_db


def test_its_team_publishes_it_and_the_next_ranking_has_it(client: Client, ranked: Benchmark, member: User) -> None:
    team = member.teams.get()
    private = factories.SubmissionFactory.create(
        team=team, benchmark=ranked, model="Shy", accepted=True, public=False, created_by=member
    )
    factories.make_done(private)
    assert snapshot_make(benchmark=ranked) is None
    client.force_login(member)
    page = f"/evaluations/{private.pk}/"
    assert "Publish its numbers" in client.get(page).content.decode()
    assert client.post(f"/submissions/{private.pk}/release/").status_code == 302
    assert "Publish its numbers" not in client.get(page).content.decode()
    snapshot = snapshot_make(benchmark=ranked)
    assert Entry.objects.filter(snapshot=snapshot, evaluation__submission=private).exists()
    assert Record.objects.filter(act="submission.released", actor=f"user {member.pk}").count() == 1
    with pytest.raises(Refusal, match="public already"):
        submission_release(submission=private, by=member)


def test_on_the_ladder_nothing_is_published_later(ranked: Benchmark, member: User) -> None:
    Benchmark.objects.update(ladder=True)
    private = factories.SubmissionFactory.create(
        team=member.teams.get(), benchmark=Benchmark.objects.get(), model="Shy", accepted=True, public=False
    )
    with pytest.raises(Refusal, match="order in which they were handed in"):
        submission_release(submission=private, by=member)
    private.refresh_from_db()
    assert not private.public
