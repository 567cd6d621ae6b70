"""The demonstration has a call in review with letters, and one that is open."""

from __future__ import annotations

import pytest
from django.test import Client

from leaderboard.accounts.models import User
from leaderboard.awards.models import Call, Review
from leaderboard.awards.models.calls import State
from leaderboard.awards.selectors import state_of
from leaderboard.awards.services import demonstration_calls, finalist_name
from leaderboard.awards.services.demonstration import people_create
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Hospital
from leaderboard.submissions.models import Submission
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def test_calls_are_made_once_and_lie_on_the_reviewers_desks(ranked: Benchmark, client: Client) -> None:
    people_create(Hospital.objects.earliest("pk"))
    for model in ("Careful", "Wolf"):
        submission = Submission.objects.get(model=model)
        person = factories.UserFactory.create()
        submission.team.members.add(person)
        finalist_name(submission=submission, by=person)
    said: list[str] = []
    for _ in range(2):
        demonstration_calls(benchmark=ranked, say=said.append)
    assert said == [
        "Two award calls: Early tumours 2027 with 2 letters in review, Fewer false alarms 2027 open for letters"
    ]
    assert {call.title: state_of(call) for call in Call.objects.all()} == {
        "Early tumours 2027": State.REVIEW,
        "Fewer false alarms 2027": State.OPEN,
    }
    assert sorted((one.reviewer.email, one.locked_at is None) for one in Review.objects.all()) == [
        ("funder@demo.example", True),
        ("reviewer@demo.example", False),
        ("reviewer@demo.example", True),
    ]
    client.force_login(User.objects.get(email="reviewer@demo.example"))
    assert "To declare" in client.get("/awards/desk/").content.decode()
    client.force_login(User.objects.get(email="funder@demo.example"))
    desk = client.get("/awards/desk/").content.decode()
    assert ("To declare" in desk, "To review" in desk) == (True, True)
