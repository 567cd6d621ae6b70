"""One image of several teams is reported to organisers; teams are told of their own alone."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import twins
from leaderboard.submissions.services import submission_check
from tests import factories
from tests.leaderboard.stage import Stage, detect

pytestmark = pytest.mark.django_db


def check(stage: Stage, model: str, user: User | None = None) -> Submission:
    team = None if user is None else user.teams.get()
    submission = stage.hand_in(detect, model=model, team=team)
    submission_check(pk=submission.pk, engine=stage.engine)
    submission.refresh_from_db()
    assert submission.image
    return submission


def test_equal_layers_under_another_config_are_found(stage: Stage, rival: User) -> None:
    ours, theirs = check(stage, "Ours"), check(stage, "Theirs", rival)
    assert ours.image != theirs.image  # the command's name differs
    (found,) = twins()
    assert found.what == "the same layers under another config"
    assert [row.pk for row in found.submissions] == [ours.pk, theirs.pk]


def test_one_image_of_two_teams_is_found_and_of_one_team_is_not(benchmark_rows: Benchmark) -> None:
    image = f"sha256:{7:064x}"
    first = factories.SubmissionFactory.create(benchmark=benchmark_rows, accepted=True, image=image, model="First")
    factories.SubmissionFactory.create(
        benchmark=benchmark_rows, accepted=True, image=image, model="Again", team=first.team
    )
    assert twins() == []
    factories.SubmissionFactory.create(benchmark=benchmark_rows, accepted=True, image=image, model="Copy")
    (found,) = twins()
    assert (found.what, [row.model for row in found.submissions]) == ("the same image", ["First", "Again", "Copy"])


def test_organisers_are_told_and_the_teams_are_not(
    stage: Stage, member: User, rival: User, organiser: User, client: Client
) -> None:
    ours, theirs = check(stage, "Ours"), check(stage, "Theirs", rival)
    client.force_login(organiser)
    page = client.get(reverse("evaluations:operations")).content.decode()
    assert "Handed in by several teams" in page
    for submission in (ours, theirs):
        assert reverse("evaluations:submission", args=[submission.pk]) in page
    client.force_login(rival)
    assert "Ours" not in client.get(reverse("evaluations:submission", args=[theirs.pk])).content.decode()
    client.force_login(member)
    assert "Theirs" not in client.get(reverse("evaluations:submission", args=[ours.pk])).content.decode()


def test_without_a_twin_the_page_says_nothing_of_it(stage: Stage, organiser: User, client: Client) -> None:
    check(stage, "Ours")
    client.force_login(organiser)
    assert "several teams" not in client.get(reverse("evaluations:operations")).content.decode()
