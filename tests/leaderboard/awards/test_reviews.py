"""Reviews are independent: drafts are their reviewer's, a locked one never changes, and none is seen too early."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.audit.services import faults
from leaderboard.awards.models import Comment, Decision, Declaration, Letter, Review
from leaderboard.awards.models.calls import State
from leaderboard.awards.selectors import state_of
from leaderboard.awards.services import (
    comment_add,
    decision_make,
    discussion_open,
    letter_withdraw,
    review_assign,
    review_lock,
    review_release,
    review_save,
    review_take,
)
from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import json_digest
from leaderboard.notices.models import Notice
from tests import factories
from tests.letters import ANSWERS, clear, close, hand_in, make_discussed, make_reviewer, review_by

pytestmark = [pytest.mark.django_db, pytest.mark.core]

SECRET = "A sentence that nobody else may read yet."


def test_a_reviewer_is_asked_and_told(closed: Letter, second: User, organiser: User) -> None:
    review = review_assign(letter=closed, reviewer=second, by=organiser)
    assert review_assign(letter=closed, reviewer=second, by=organiser) == review
    told = Notice.objects.filter(user=second, text__contains="asked to review")
    assert [one.link for one in told] == ["/awards/desk/"]
    with pytest.raises(Refusal, match="Only an organiser"):
        review_assign(letter=closed, reviewer=second, by=second)
    stranger = factories.UserFactory.create(is_reviewer=True)
    with pytest.raises(Refusal, match="not on the panel"):
        review_assign(letter=closed, reviewer=stranger, by=organiser)


def test_nothing_is_reviewed_before_the_call_closes(letter: Letter, funder: User, organiser: User) -> None:
    with pytest.raises(Refusal, match="not in review"):
        review_assign(letter=letter, reviewer=funder, by=organiser)


def test_a_draft_is_kept_locked_whole_and_then_for_good(closed: Letter, funder: User, second: User) -> None:
    clear(closed, funder, second)
    review = review_take(letter=closed, by=funder)
    review_save(review=review, by=funder, importance=2, importance_why=SECRET)
    with pytest.raises(Refusal, match="somebody else"):
        review_save(review=review, by=second, importance=9)
    with pytest.raises(Refusal) as refused:
        review_lock(review=review, by=funder)
    assert [one.what for one in refused.value.faults] == [
        "Not answered: rigour, 1 to 9.",
        "Not answered: why that rigour.",
        "Not answered: whether the expertise is sufficient.",
    ]
    locked = review_lock(review=review, by=funder, **ANSWERS)
    with pytest.raises(Refusal, match="is locked"):
        review_save(review=locked, by=funder, importance=9)
    with pytest.raises(Refusal, match="is locked"):
        review_lock(review=locked, by=funder, **ANSWERS)
    told = Record.objects.get(act="review.locked")
    assert told.details["sha256"] == json_digest(Review.objects.get().answers)
    assert told.details["late"] is False
    assert SECRET not in str(list(Record.objects.values_list("details", flat=True)))


def test_expertise_that_is_not_sufficient_says_what_is_missing(closed: Letter, funder: User) -> None:
    clear(closed, funder)
    review = review_take(letter=closed, by=funder)
    with pytest.raises(Refusal) as refused:
        review_lock(review=review, by=funder, **(ANSWERS | {"expertise": "not"}))
    assert [one.what for one in refused.value.faults] == ["Not answered: what expertise is missing."]


@pytest.mark.parametrize("values", [{"importance": 0}, {"importance": 10}, {"rigour": 0}, {"rigour": 10}])
def test_the_database_holds_no_score_off_the_scale(closed: Letter, funder: User, values: dict[str, int]) -> None:
    clear(closed, funder)
    review = review_take(letter=closed, by=funder)
    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(**values)


def test_nobody_sees_anothers_review_before_the_discussion_not_even_the_organiser(
    closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    review_by(closed, funder, asked_by=organiser, comments=SECRET)
    clear(closed, second, organiser)
    for person in (second, organiser):
        client.force_login(person)
        for path in (f"/awards/letters/{closed.pk}/", "/awards/desk/", f"/awards/letters/{closed.pk}/review/"):
            assert SECRET not in client.get(path, follow=True).content.decode()
    client.force_login(organiser)
    assert SECRET not in client.get("/awards/calls/early-tumours/run/").content.decode()
    assert SECRET.encode() not in b"".join(tables(client).values())


def tables(client: Client) -> dict[str, bytes]:
    answer = client.get("/awards/calls/early-tumours/archive.zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_whose_own_review_is_not_locked_sees_none_in_the_discussion_either(
    closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    third = make_reviewer(closed.call, by=organiser, name="Tora Third")
    clear(closed, third)
    own = review_take(letter=closed, by=third)
    review_by(closed, funder, asked_by=organiser, comments=SECRET)
    review_by(closed, second, asked_by=organiser)
    discussion_open(call=closed.call, by=organiser)
    client.force_login(third)
    assert SECRET not in client.get(f"/awards/letters/{closed.pk}/").content.decode()
    letter = Letter.objects.select_related("call", "team").get(pk=closed.pk)
    with pytest.raises(Refusal, match="Lock your own review first"):
        comment_add(letter=letter, text="Hm.", by=third)
    review_lock(review=own, by=third, **ANSWERS)
    assert SECRET in client.get(f"/awards/letters/{closed.pk}/").content.decode()
    client.force_login(organiser)
    assert client.get(f"/awards/letters/{closed.pk}/").status_code == 302  # declares first
    clear(letter, organiser)
    assert SECRET in client.get(f"/awards/letters/{closed.pk}/").content.decode()
    with pytest.raises(Refusal, match="not in review"):
        review_assign(letter=letter, reviewer=third, by=organiser)


def test_what_is_begun_is_not_released(closed: Letter, second: User, organiser: User) -> None:
    clear(closed, second)
    review = review_assign(letter=closed, reviewer=second, by=organiser)
    review_save(review=review, by=second, importance=5)
    with pytest.raises(Refusal, match="Something of it is written"):
        review_release(review=review, by=organiser)


def test_a_review_is_written_on_the_site_and_nothing_typed_is_lost(
    closed: Letter, funder: User, client: Client
) -> None:
    clear(closed, funder)
    client.force_login(funder)
    answer = client.get(f"/awards/letters/{closed.pk}/review/", follow=True)
    assert "You have no review of this letter yet." in answer.content.decode()
    answer = client.post(f"/awards/letters/{closed.pk}/take/")
    assert answer["Location"] == f"/awards/letters/{closed.pk}/review/"
    at = f"/awards/letters/{closed.pk}/review/"
    client.post(at, {"act": "keep", "importance": "2", "importance_why": "Because."})
    page = client.get(at).content.decode()
    assert "Because." in page
    assert '<option value="2" selected>' in page
    answer = client.post(at, {"act": "lock", "importance": "2", "importance_why": SECRET})
    assert answer.status_code == 422
    assert SECRET in answer.content.decode()
    assert "Not answered: rigour, 1 to 9." in answer.content.decode()
    assert client.post(at, {"act": "lock", "importance": "10"}).status_code == 422
    answer = client.post(at, {"act": "lock", **{name: str(value) for name, value in ANSWERS.items()}})
    assert answer["Location"] == f"/awards/letters/{closed.pk}/"
    page = client.get(at).content.decode()
    assert "It does not change any more." in page
    assert '<form method="post">' not in page
    assert "is locked" in client.post(at, {"act": "keep", "importance": "9"}).content.decode()
    assert Review.objects.get().importance == 2


def test_a_discussion_is_only_added_to(closed: Letter, funder: User, second: User, organiser: User) -> None:
    letter = make_discussed(closed, funder, second, by=organiser)
    comment_add(letter=letter, text="I agree.", by=second)
    with pytest.raises(Refusal, match="Nothing was written"):
        comment_add(letter=letter, text="  ", by=second)
    with pytest.raises(TypeError, match="append-only"):
        Comment.objects.update(text="x")
    with pytest.raises(TypeError, match="append-only"):
        Comment.objects.all().delete()
    assert Record.objects.filter(act="comment.added").count() == 1


def test_a_decision_is_made_once_by_who_may_and_the_team_is_told(
    closed: Letter, funder: User, second: User, organiser: User, member: User, client: Client
) -> None:
    clear(closed, organiser)
    with pytest.raises(Refusal, match="not open to you yet"):
        decision_make(letter=closed, outcome="awarded", reason="Early.", by=organiser, although=True)
    letter = make_discussed(closed, funder, second, by=organiser)
    with pytest.raises(Refusal, match="Organisers and the funder"):
        decision_make(letter=letter, outcome="awarded", reason="I may not.", by=second, although=True)
    with pytest.raises(Refusal, match="needs its reason"):
        decision_make(letter=letter, outcome="awarded", reason=" ", by=funder, although=True)
    decision = decision_make(letter=letter, outcome="awarded", reason="The best plan.", by=funder, although=True)
    assert decision.evidence[0]["model"] == "Careful"
    assert decision.evidence[0]["criteria"][0] == {
        "criterion": "Sensitivity above 92 %",
        "verdict": "too few",
        "why_not": "",
        "k": 8,
        "n": 8,
    }
    for by in (funder, organiser):
        with pytest.raises(Refusal, match="decided"):
            decision_make(letter=letter, outcome="not-awarded", reason="On second thoughts.", by=by)
    with pytest.raises(Refusal, match="decided"):
        letter_withdraw(letter=letter, by=member)
    assert state_of(letter.call) is State.DECIDED
    assert "awarded" in Notice.objects.filter(user=member).latest("pk").text
    client.force_login(member)
    assert "The best plan." in client.get("/awards/calls/early-tumours/letters/uppsala-imaging/").content.decode()
    told = Record.objects.get(act="letter.decided")
    assert (told.details["outcome"], told.actor, told.details["team"]) == (
        "awarded",
        f"user {funder.pk}",
        "uppsala-imaging",
    )


def test_what_fewer_than_two_reviews_speak_for_is_not_awarded(
    closed: Letter, funder: User, second: User, organiser: User
) -> None:
    letter = make_discussed(closed, funder, second, by=organiser)
    Declaration.objects.filter(letter=letter, user=second).update(conflict=True, reason="They are friends.")
    with pytest.raises(Refusal, match="1 of 2 locked reviews"):
        decision_make(letter=letter, outcome="awarded", reason="Good.", by=funder, although=True)
    decision_make(letter=letter, outcome="deferred", reason="Next year.", by=funder)


def test_who_has_a_conflict_does_not_choose_the_reviewers(closed: Letter, second: User, organiser: User) -> None:
    clear(closed, second)
    review = review_assign(letter=closed, reviewer=second, by=organiser)
    Declaration.objects.create(letter=closed, user=organiser, conflict=True, reason="A former student.")
    with pytest.raises(Refusal, match="recused from this letter"):
        review_release(review=review, by=organiser)
    with pytest.raises(Refusal, match="recused from this letter"):
        review_assign(letter=closed, reviewer=second, by=organiser)


def test_no_more_is_awarded_than_there_is(
    wolves: Letter, closed: Letter, funder: User, second: User, organiser: User
) -> None:
    for reviewer in (funder, second):
        review_by(wolves, reviewer, asked_by=organiser)
    letter = make_discussed(closed, funder, second, by=organiser)
    other = Letter.objects.select_related("call", "team").get(pk=wolves.pk)
    decision_make(letter=letter, outcome="awarded", reason="Good.", by=funder, although=True)
    with pytest.raises(Refusal, match="none is left"):
        decision_make(letter=other, outcome="awarded", reason="Good, too.", by=funder, although=True)
    assert state_of(letter.call) is State.DISCUSSION
    decision_make(letter=other, outcome="deferred", reason="Next year.", by=funder)
    assert state_of(letter.call) is State.DECIDED
    with pytest.raises(Refusal, match="Everything in this call is decided"):
        comment_add(letter=other, text="Late.", by=second)


def test_discussion_and_decision_on_the_site(
    closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    make_discussed(closed, funder, second, by=organiser)
    client.force_login(funder)
    at = f"/awards/letters/{closed.pk}/"
    client.post(f"{at}comment/", {"text": "What of the small ones?"})
    assert client.post(f"{at}comment/", {"text": " "}).status_code == 422
    assert "What of the small ones?" in client.get(at).content.decode()
    answer = client.post(f"{at}decide/", {"outcome": "", "reason": "A long reason."})
    assert answer.status_code == 422
    assert "A long reason." in answer.content.decode()
    client.post(f"{at}decide/", {"outcome": "not-awarded", "reason": "Too early."})
    assert Decision.objects.get().outcome == "not-awarded"
    page = client.get(at).content.decode()
    assert "Too early." in page
    assert "Say it" not in page
    answer = client.post(f"{at}decide/", {"outcome": "awarded", "reason": "After all."})
    assert (answer.status_code, Decision.objects.get().outcome) == (422, "not-awarded")


def test_everything_decided_comes_as_tables_but_for_what_a_conflict_hides(
    wolves: Letter, closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    for reviewer in (funder, second):
        review_by(wolves, reviewer, asked_by=organiser)
    letter = make_discussed(closed, funder, second, by=organiser)
    comment_add(letter=letter, text="=HYPERLINK(1)", by=second)
    decision_make(letter=letter, outcome="awarded", reason="Good.", by=funder, although=True)
    clear(letter, organiser)
    client.force_login(organiser)
    found = {name: read(table) for name, table in tables(client).items()}
    assert [row["decision"] for row in found["decisions.csv"]] == ["awarded"]
    assert [row["reviewer"] for row in found["reviews.csv"]] == [funder.name, second.name]
    assert [row["text"] for row in found["discussion.csv"]] == ["'=HYPERLINK(1)"]
    assert [row["note"] for row in found["letters.csv"]] == ["Not shown: who asked has declared nothing yet.", ""]
    assert Record.objects.filter(act="call.exported").count() == 1


def read(table: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(table.decode())))


def test_every_step_is_in_the_chain(letter: Letter, funder: User, second: User, organiser: User, rival: User) -> None:
    other = hand_in(letter.call, rival.teams.get(), by=rival)
    close(letter.call)
    letter = Letter.objects.select_related("call", "team").get(pk=letter.pk)
    letter_withdraw(letter=other, by=rival)
    make_discussed(letter, funder, second, by=organiser)
    letter = Letter.objects.select_related("call", "team").get(pk=letter.pk)
    comment_add(letter=letter, text="Good.", by=funder)
    decision_make(letter=letter, outcome="awarded", reason="Good.", by=funder, although=True)
    acts = list(Record.objects.order_by("number").values_list("act", flat=True))
    steps = [
        "call.created", "call.published", "call.seat-added", "letter.received", "letter.withdrawn",
        "conflict.declared", "review.assigned", "review.locked", "call.discussion-opened", "comment.added",
        "letter.decided",
    ]  # fmt: skip
    places = [acts.index(step) for step in steps]
    assert places == sorted(places)
    assert list(faults()) == []
