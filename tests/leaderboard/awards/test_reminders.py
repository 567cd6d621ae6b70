"""People are reminded of a call's deadlines: those whom it concerns, once, and in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.awards.models import Call, Letter, Reminder
from leaderboard.awards.services import decision_make, letter_withdraw, reminders_send, review_assign
from leaderboard.awards.tasks import remind
from leaderboard.benchmarks.models import Benchmark
from leaderboard.notices.models import Notice
from tests import factories
from tests.letters import clear, make_call, make_discussed, review_by

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def move(call: Call, *, opens: float = -40, closes: float, reviews: float) -> Call:
    """The call's dates, in days from now."""
    now = timezone.now()
    dates = {"opens": now + opens * DAY, "closes": now + closes * DAY, "reviews_due": now + reviews * DAY}
    Call.objects.filter(pk=call.pk).update(**dates)
    call.refresh_from_db()
    return call


def reminded() -> set[tuple[str, str]]:
    """Who was told what since the last look."""
    reminders_send()
    found = {(one.user.name, one.text.split("”")[1].split()[0]) for one in Notice.objects.select_related("user")}
    Notice.objects.all().delete()
    return found


@pytest.fixture
def wanda(ranked: Benchmark) -> User:
    person = factories.UserFactory.create(name="Wanda Wolf")
    Team.objects.get(slug="wolves").members.add(person)
    return person


@pytest.fixture
def quiet(call: Call, wanda: User, member: User) -> Call:
    """Open, and nobody has been told anything yet."""
    Notice.objects.all().delete()
    return call


def test_teams_that_have_not_answered_are_told_a_week_and_a_day_before(quiet: Call) -> None:
    move(quiet, closes=8, reviews=40)
    assert reminded() == set()
    move(quiet, closes=6.9, reviews=40)
    assert reminded() == {("Mira Member", "takes"), ("Wanda Wolf", "takes")}
    assert reminded() == set()
    move(quiet, closes=0.9, reviews=40)
    assert reminded() == {("Mira Member", "takes"), ("Wanda Wolf", "takes")}


def test_who_has_answered_or_withdrawn_is_left_in_peace(letter: Letter, wanda: User, member: User) -> None:
    Notice.objects.all().delete()
    move(letter.call, closes=5, reviews=40)
    assert reminded() == {("Wanda Wolf", "takes")}
    letter_withdraw(letter=letter, by=member)
    Notice.objects.all().delete()
    move(letter.call, closes=4, reviews=40)  # a new deadline
    assert reminded() == {("Wanda Wolf", "takes")}


def test_the_sponsors_own_team_and_teams_without_a_submission_are_not_asked(
    quiet: Call, team: Team, rival: User
) -> None:
    Call.objects.filter(pk=quiet.pk).update(sponsor_team=team)
    move(quiet, closes=5, reviews=40)
    assert reminded() == {("Wanda Wolf", "takes")}


def test_of_a_call_that_is_open_for_three_days_the_week_is_not_told(quiet: Call) -> None:
    move(quiet, opens=-1, closes=2, reviews=40)
    assert reminded() == set()
    move(quiet, opens=-2.5, closes=0.5, reviews=40)
    assert len(reminded()) == 2


def test_a_draft_reminds_nobody(ranked: Benchmark, organiser: User, wanda: User) -> None:
    call = make_call(ranked, by=organiser)
    Call.objects.filter(pk=call.pk).update(published_at=None)
    move(call, closes=5, reviews=40)
    assert reminded() == set()


def test_the_panel_is_told_that_letters_are_closed(closed: Letter, organiser: User) -> None:
    Notice.objects.all().delete()
    move(closed.call, closes=-0.1, reviews=40)
    reminders_send()
    told = {one.user.name: one.text for one in Notice.objects.select_related("user")}
    assert set(told) == {"Frida Funder", "Rune Reviewer"}
    assert "closed with 1 letter." in told["Frida Funder"]
    assert "Uppsala" not in "".join(told.values())  # of whom, only who has declared may know


def test_a_call_without_a_letter_says_so(quiet: Call) -> None:
    move(quiet, closes=-0.1, reviews=40)
    reminders_send()
    assert [one.text for one in Notice.objects.all()] == ["“Early tumours” is closed: no letter came."]


def test_reviewers_are_told_until_theirs_are_locked(
    closed: Letter, funder: User, second: User, organiser: User
) -> None:
    review_by(closed, funder, asked_by=organiser)
    clear(closed, second)
    review_assign(letter=closed, reviewer=second, by=organiser)
    Notice.objects.all().delete()
    for days, word in ((6.5, "are"), (0.5, "are"), (-0.5, "were")):
        move(closed.call, closes=-30, reviews=days)
        assert reminded() == {("Rune Reviewer", word)}
        assert reminded() == set()
    move(closed.call, closes=-30, reviews=-8)
    assert reminded() == set()


def test_what_is_decided_is_owed_no_more(closed: Letter, funder: User, second: User, organiser: User) -> None:
    third = factories.UserFactory.create(is_reviewer=True, name="Tara Third")
    closed.call.seats.create(user=third)
    clear(closed, third)
    letter = make_discussed(closed, funder, second, by=organiser)
    letter.reviews.create(reviewer=third)
    Notice.objects.all().delete()
    move(letter.call, closes=-30, reviews=0.5)
    assert reminded() == {("Tara Third", "are")}
    decision_make(letter=letter, outcome="not-awarded", reason="Not this time.", by=funder)
    Notice.objects.all().delete()
    move(letter.call, closes=-30, reviews=-0.5)
    assert reminded() == set()


def test_the_worker_does_it(quiet: Call) -> None:
    move(quiet, closes=5, reviews=40)
    remind.run()
    assert Reminder.objects.get().kind == Reminder.Kind.LETTERS_WEEK
