"""Organisations that were verified: named beside their teams, with one quota, and asked for by a benchmark."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from leaderboard.accounts.models import Organisation, Team, User
from leaderboard.accounts.services import team_unverify, team_verify
from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import verified_only_set
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.selectors import quota
from tests import factories
from tests.leaderboard.stage import Stage

pytestmark = pytest.mark.django_db


def verify(team: Team, organisation: str = "Uppsala University") -> Team:
    return team_verify(team=team, organisation=organisation, evidence="letter of 3 March", by=None)


def test_the_organisation_stands_beside_the_team_and_what_was_seen_does_not(
    ranked: Benchmark, client: Client, member: User
) -> None:
    verify(Team.objects.get(members=member))
    page = client.get("/leaderboard/pancreas-ct/").content.decode()
    assert "Uppsala Imaging, Uppsala University" in page
    assert "letter of 3 March" not in page
    last = Record.objects.latest("number")
    assert (last.act, last.about) == ("team.verified", "team uppsala-imaging")


def test_teams_of_one_organisation_share_one_quota(benchmark_rows: Benchmark, team: Team) -> None:
    other = factories.TeamFactory.create()
    factories.SubmissionFactory.create(benchmark=benchmark_rows, team=team)
    factories.SubmissionFactory.create(benchmark=benchmark_rows, team=other)
    assert quota(team=team, benchmark=benchmark_rows).used == 1
    verify(team)
    verify(other, "uppsala  university")  # the same, however it is typed
    assert Organisation.objects.count() == 1
    assert [
        quota(team=one, benchmark=benchmark_rows).used for one in Team.objects.filter(pk__in=[team.pk, other.pk])
    ] == [
        2,
        2,
    ]
    team_unverify(team=other, by=None)
    team.refresh_from_db()
    assert quota(team=team, benchmark=benchmark_rows).used == 1


def test_a_benchmark_may_ask_for_it(stage: Stage) -> None:
    stage.hand_in(model="Before")
    verified_only_set(benchmark=stage.benchmark, verified_only=True)
    stage.benchmark.refresh_from_db()
    with pytest.raises(Refusal, match="verified organisations only") as refusal:
        stage.hand_in(model="After")
    assert "Write to the organisers" in refusal.value.next_step
    verify(stage.team)
    stage.team.refresh_from_db()
    assert stage.hand_in(model="After").model == "After"


def test_the_command_says_what_is_missing(team: Team) -> None:
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"no team 'nobody'.*uppsala-imaging"):
        call_command("verify_team", "nobody", "--organisation", "X", "--evidence", "Y")
    with pytest.raises(CommandError, match="what shows that the team is its own"):
        call_command("verify_team", team.slug, "--organisation", "Uppsala University")
    call_command("verify_team", team.slug, "--organisation", "Uppsala University", "--evidence", "a letter", stdout=out)
    call_command("verify_team", team.slug, "--withdraw", stdout=out)
    assert out.getvalue().splitlines() == ["Uppsala Imaging: Uppsala University.", "Uppsala Imaging: not verified."]
