"""A call with its panel and letters, for tests of what becomes of them."""

from __future__ import annotations

import pytest

from leaderboard.accounts.models import Team, User
from leaderboard.awards.models import Call, Letter
from leaderboard.awards.services import seat_add
from leaderboard.benchmarks.models import Benchmark
from leaderboard.submissions.models import Submission
from tests import factories
from tests.letters import close, letter_row, make_call, make_reviewer


@pytest.fixture
def call(ranked: Benchmark, organiser: User, funder: User) -> Call:
    """Open for letters; the funder sits on its panel and decides."""
    call = make_call(ranked, by=organiser)
    seat_add(call=call, user=funder, decides=True, by=organiser)
    return call


@pytest.fixture
def second(call: Call, organiser: User) -> User:
    return make_reviewer(call, by=organiser, name="Rune Reviewer", email="rune@example.org")


@pytest.fixture
def careful(ranked: Benchmark) -> Submission:
    return Submission.objects.get(model="Careful")


@pytest.fixture
def letter(call: Call, team: Team, member: User, careful: Submission) -> Letter:
    """Of the member's team, about Careful; the call is still open."""
    return letter_row(call, team, by=member, submissions=[careful])


@pytest.fixture
def closed(letter: Letter, second: User) -> Letter:
    """The same once the call is closed; two people sit on its panel."""
    close(letter.call)
    return Letter.objects.select_related("call", "team").get(pk=letter.pk)


@pytest.fixture
def wolves(call: Call, ranked: Benchmark) -> Letter:
    """A second team's letter, handed in while the call is open."""
    team = Team.objects.get(slug="wolves")
    person = factories.UserFactory.create(name="Wanda Wolf")
    team.members.add(person)
    return letter_row(call, team, by=person, submissions=[Submission.objects.get(model="Wolf")])
