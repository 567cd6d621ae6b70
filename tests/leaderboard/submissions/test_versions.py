"""Which submissions are versions of one model, and what a team says of it: its own to say, all of it kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.audit.models import Record
from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.guidelines import GUIDELINES, TEAM, TOPICS, answers
from leaderboard.submissions.models import LONGEST_STATEMENT, Statement, Submission
from leaderboard.submissions.selectors import earlier_versions, said_of
from leaderboard.submissions.services import statements_keep, submission_follow
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.core]

BEGAN = timezone.now() - timedelta(days=10)


def hand_in(benchmark: Benchmark, team: Team, model: str, day: int) -> Submission:
    when = BEGAN + timedelta(days=day)
    return factories.SubmissionFactory.create(team=team, benchmark=benchmark, model=model, accepted=True, created=when)


@pytest.fixture
def three(benchmark_rows: Benchmark, team: Team) -> list[Submission]:
    return [hand_in(benchmark_rows, team, f"Detector {day}", day) for day in range(3)]


def test_a_chain_of_versions_is_said_and_taken_back(three: list[Submission], member: User) -> None:
    first, second, third = three
    submission_follow(submission=second, earlier=first, by=member)
    submission_follow(submission=third, earlier=second, by=member)
    third.refresh_from_db()
    assert third.follows == second
    logged = Record.objects.filter(act="submission.version-said").values_list("details__follows", flat=True)
    assert list(logged.order_by("number")) == [str(first.pk), str(second.pk)]
    submission_follow(submission=third, earlier=None, by=member)
    third.refresh_from_db()
    assert third.follows is None


def test_the_same_again_is_no_second_act(three: list[Submission], member: User) -> None:
    first, second, _ = three
    submission_follow(submission=second, earlier=first, by=member)
    submission_follow(submission=second, earlier=first, by=member)
    assert Record.objects.filter(act="submission.version-said").count() == 1


def test_one_has_one_next_version_and_none_that_came_before_it(three: list[Submission], member: User) -> None:
    first, second, third = three
    submission_follow(submission=second, earlier=first, by=member)
    for later, earlier in ((third, first), (first, third), (first, first)):
        with pytest.raises(Refusal, match="cannot be the next version"):
            submission_follow(submission=later, earlier=earlier, by=member)
    assert list(earlier_versions(third)) == [second]
    with pytest.raises(IntegrityError), transaction.atomic():
        Submission.objects.filter(pk=third.pk).update(follows=first)


def test_another_teams_or_another_benchmarks_submission_is_no_version(
    three: list[Submission], member: User, team: Team
) -> None:
    theirs = hand_in(three[0].benchmark, factories.TeamFactory.create(), "Theirs", 0)
    with pytest.raises(Refusal, match="of the same team"):
        submission_follow(submission=three[2], earlier=theirs, by=member)


def test_a_withdrawn_next_version_makes_room_for_another(three: list[Submission], member: User) -> None:
    first, second, third = three
    submission_follow(submission=second, earlier=first, by=member)
    Submission.objects.filter(pk=second.pk).update(state=Submission.State.WITHDRAWN)
    submission_follow(submission=third, earlier=first, by=member)
    third.refresh_from_db()
    assert third.follows == first


def test_a_statement_that_changes_is_a_new_version_and_the_old_one_is_kept(
    three: list[Submission], member: User
) -> None:
    one = three[0]
    assert [row.version for row in statements_keep(submission=one, texts={"funding": "A grant."}, by=member)] == [1]
    assert statements_keep(submission=one, texts={"funding": " A grant.\r\n"}, by=member) == []
    statements_keep(submission=one, texts={"funding": "Two grants.", "users": ""}, by=member)
    assert [(row.version, row.text) for row in one.statements.order_by("version")] == [
        (1, "A grant."),
        (2, "Two grants."),
    ]
    assert said_of(one)["funding"].text == "Two grants."
    statements_keep(submission=one, texts={"funding": ""}, by=member)
    assert said_of(one) == {}
    assert one.statements.count() == 3
    assert Record.objects.filter(act="submission.statements").count() == 3


def test_what_cannot_be_kept_is_refused_whole(three: list[Submission], member: User, rival: User) -> None:
    one = three[0]
    long = "x" * (LONGEST_STATEMENT + 1)
    with pytest.raises(Refusal, match="not kept") as refused:
        statements_keep(submission=one, texts={"funding": "A grant.", "users": long}, by=member)
    assert [fault.where for fault in refused.value.faults] == ["users"]
    with pytest.raises(Refusal, match="not kept"):
        statements_keep(submission=one, texts={"horoscope": "Leo"}, by=member)
    with pytest.raises(Refusal, match="team's own words"):
        statements_keep(submission=one, texts={"funding": "Theirs."}, by=rival)
    assert not Statement.objects.exists()


def test_the_team_fills_in_both_forms_and_organisers_only_read(
    three: list[Submission], client: Client, member: User, organiser: User
) -> None:
    first, second, _ = three
    address = reverse("submissions:about", args=[second.pk])
    client.force_login(member)
    assert client.post(address, {"form": "version", "earlier": str(first.pk)}).status_code == 302
    assert client.post(address, {"form": "statements", "technology": "A U-Net."}).status_code == 302
    second.refresh_from_db()
    assert second.follows == first
    page = client.get(address).content.decode()
    assert "A U-Net." in page
    assert "Answers CLAIM 2024 1." in page
    client.force_login(organiser)
    assert "You read this as an organiser" in client.get(address).content.decode()
    assert client.post(address, {"form": "statements", "technology": "Mine."}).status_code == 403
    assert said_of(second)["technology"].text == "A U-Net."


def test_a_text_that_is_too_long_comes_back_as_it_was_typed(
    three: list[Submission], client: Client, member: User
) -> None:
    client.force_login(member)
    long = "word " * 1000
    address = reverse("submissions:about", args=[three[0].pk])
    response = client.post(address, {"form": "statements", "technology": long, "funding": "A grant."})
    assert response.status_code == 422
    page = response.content.decode()
    assert long.strip() in page
    assert "A grant." in page
    assert not Statement.objects.exists()


def test_a_version_that_is_not_in_the_list_is_refused_by_the_form(
    three: list[Submission], client: Client, member: User
) -> None:
    theirs = hand_in(three[0].benchmark, factories.TeamFactory.create(), "Theirs", 0)
    client.force_login(member)
    address = reverse("submissions:about", args=[three[2].pk])
    assert client.post(address, {"form": "version", "earlier": str(theirs.pk)}).status_code == 422
    three[2].refresh_from_db()
    assert three[2].follows is None


def test_every_item_of_every_guideline_is_answered_by_topics_that_there_are() -> None:
    asked = {topic for guideline in GUIDELINES for item in guideline.items for topic in item.topics}
    assert asked == set(TOPICS)
    numbers = {guideline.name: [item.number for item in guideline.items] for guideline in GUIDELINES}
    # 40, 44 and 27 items, some of several parts
    assert [len({number.rstrip("abcdefg") for number in found}) for found in numbers.values()] == [40, 44, 27]
    assert [len(found) for found in numbers.values()] == [48, 44, 52]
    assert all(len(set(found)) == len(found) for found in numbers.values())


def test_a_team_is_told_which_items_its_words_answer() -> None:
    assert answers("users") == "STARD-AI 15d; TRIPOD+AI 3b, 27b"
    assert all(answers(key) and topic.ask for key, topic in TEAM.items())
