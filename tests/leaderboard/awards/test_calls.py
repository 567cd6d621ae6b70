"""A call from its draft to its discussion: what an organiser may do when, and what may not change any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.audit.services import faults
from leaderboard.awards.models import Call, Letter, Seat
from leaderboard.awards.models.calls import State
from leaderboard.awards.selectors import state_of
from leaderboard.awards.services import (
    call_change,
    call_create,
    call_publish,
    declaration_make,
    discussion_open,
    review_assign,
    review_save,
    seat_add,
    seat_remove,
)
from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal
from leaderboard.notices.models import Notice
from tests.letters import call_values, clear, close, make_call, make_discussed, make_reviewer, review_by

pytestmark = [pytest.mark.django_db, pytest.mark.core]

DAY = timedelta(days=1)


def test_only_organisers_write_calls(ranked: Benchmark, funder: User, organiser: User) -> None:
    with pytest.raises(Refusal, match="Only an organiser"):
        call_create(by=funder, **call_values(ranked))
    draft = call_create(by=organiser, **call_values(ranked))
    with pytest.raises(Refusal, match="Only an organiser"):
        call_publish(call=draft, by=funder)
    assert state_of(draft) is State.DRAFT


def test_states_follow_from_dates_and_acts(closed: Letter, second: User, funder: User, organiser: User) -> None:
    call = closed.call
    assert state_of(call) is State.REVIEW
    make_discussed(closed, funder, second, by=organiser)
    call.refresh_from_db()
    assert state_of(call) is State.DISCUSSION
    assert call.state_at(call.opens - DAY, undecided=True) is State.ANNOUNCED
    assert call.state_at(call.opens + DAY, undecided=True) is State.OPEN
    assert call.state_at(timezone.now(), undecided=False) is State.DECIDED


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"closes": timezone.now() - 3 * DAY}, "Letters open before they close"),
        ({"slug": "new"}, "cannot be called"),
        ({"amount": 0}, "greater than or equal to 1"),
        ({"countries": ["Sweden", 7]}, "list of names"),
    ],
)
def test_what_cannot_be_is_refused(ranked: Benchmark, organiser: User, other: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        call_create(by=organiser, **call_values(ranked, **other))
    assert not Call.objects.exists()


def test_a_call_is_published_once_in_time_and_rests_on_a_benchmark(ranked: Benchmark, organiser: User) -> None:
    draft = call_create(by=organiser, **call_values(ranked))
    draft.benchmarks.clear()
    with pytest.raises(Refusal, match="no published benchmark"):
        call_publish(call=draft, by=organiser)
    draft.benchmarks.add(ranked)
    close(draft)
    with pytest.raises(Refusal, match="closing date is over"):
        call_publish(call=draft, by=organiser)
    call = make_call(ranked, by=organiser, slug="other")
    with pytest.raises(Refusal, match="published already"):
        call_publish(call=call, by=organiser)


def test_before_letters_everything_changes_and_each_change_is_told(call: Call, organiser: User) -> None:
    call_change(call=call, by=organiser, amount=50_000, title="Earlier tumours")
    call_change(call=call, by=organiser, amount=50_000)
    changes = Record.objects.filter(act="call.changed")
    assert [one.details["changed"] for one in changes] == [["amount", "title"]]


def test_after_letters_dates_are_put_off_and_nothing_else(letter: Letter, organiser: User) -> None:
    call = letter.call
    with pytest.raises(Refusal, match="Amount cannot change"):
        call_change(call=call, by=organiser, amount=1)
    with pytest.raises(Refusal, match="only be put off"):
        call_change(call=call, by=organiser, closes=call.closes - DAY)
    call_change(call=call, by=organiser, closes=call.closes + DAY, sponsor_team=letter.team)
    close(call)
    with pytest.raises(Refusal, match="only be put off"):
        call_change(call=call, by=organiser, closes=timezone.now() + DAY)
    later = call.reviews_due + DAY
    assert call_change(call=call, by=organiser, reviews_due=later).reviews_due == later


def test_a_panel_is_of_reviewers_and_they_are_told(call: Call, organiser: User, member: User) -> None:
    with pytest.raises(Refusal, match="is no reviewer"):
        seat_add(call=call, user=member, decides=False, by=organiser)
    reviewer = make_reviewer(call, by=organiser)
    assert "You are on the panel" in Notice.objects.get(user=reviewer).text
    seat_add(call=call, user=reviewer, decides=True, by=organiser)
    assert Seat.objects.get(user=reviewer).decides
    assert Notice.objects.filter(user=reviewer).count() == 1
    seat_remove(seat=Seat.objects.get(user=reviewer), by=organiser)
    assert not Seat.objects.filter(user=reviewer).exists()


def test_who_has_begun_a_review_stays_on_the_panel(closed: Letter, second: User, organiser: User) -> None:
    clear(closed, second)
    review = review_assign(letter=closed, reviewer=second, by=organiser)
    review_save(review=review, by=second, importance=4)
    with pytest.raises(Refusal, match="stays on the panel"):
        seat_remove(seat=Seat.objects.get(user=second), by=organiser)


def test_the_discussion_waits_for_two_locked_reviews_of_every_letter(
    wolves: Letter, closed: Letter, funder: User, second: User, organiser: User
) -> None:
    review_by(closed, funder, asked_by=organiser)
    with pytest.raises(Refusal) as refused:
        discussion_open(call=closed.call, by=organiser)
    assert {one.what for one in refused.value.faults} == {
        "Uppsala Imaging has 1 of 2 locked reviews.",
        "Wolves has 0 of 2 locked reviews.",
    }
    review_by(closed, second, asked_by=organiser)
    for reviewer in (funder, second):
        review_by(wolves, reviewer, asked_by=organiser)
    discussion_open(call=closed.call, by=organiser)
    with pytest.raises(Refusal, match="in discussion"):
        discussion_open(call=closed.call, by=organiser)
    assert list(faults()) == []


def test_a_review_whose_reviewer_found_a_conflict_is_none_of_the_two(
    closed: Letter, funder: User, second: User, organiser: User
) -> None:
    for reviewer in (funder, second):
        review_by(closed, reviewer, asked_by=organiser)
    declaration_make(letter=closed, conflict=True, reason="A co-author, as I see now.", by=second)
    with pytest.raises(Refusal, match="cannot be opened yet"):
        discussion_open(call=closed.call, by=organiser)


def test_the_public_reads_what_is_published_and_no_draft(
    call: Call, ranked: Benchmark, organiser: User, client: Client
) -> None:
    call_create(by=organiser, **call_values(ranked, slug="secret", title="A secret call"))
    page = client.get("/awards/calls/").content.decode()
    assert ("Early tumours" in page, "A secret call" in page) == (True, False)
    assert client.get("/awards/calls/secret/").status_code == 404
    assert "100,000 USD" in client.get("/awards/calls/early-tumours/").content.decode()
    client.force_login(organiser)
    assert "A secret call" in client.get("/awards/calls/").content.decode()
    assert "organisers only see this page" in client.get("/awards/calls/secret/").content.decode()


def posted(ranked: Benchmark, **other: Any) -> dict[str, Any]:
    now = timezone.now()
    return {
        "title": "Early tumours",
        "sponsor": "Early Foundation",
        "purpose": "To find cancer early.",
        "amount": "100000",
        "currency": "USD",
        "months": "12",
        "awards": "1",
        "opens": f"{now - DAY:%Y-%m-%d %H:%M}",
        "closes": f"{now + DAY:%Y-%m-%d %H:%M}",
        "reviews_due": f"{now + 9 * DAY:%Y-%m-%d %H:%M}",
        "benchmarks": [ranked.pk],
        "criteria": list(ranked.criteria.values_list("pk", flat=True)),
        "organs": ["pancreas"],
        "regions": ["europe"],
        "countries": "Sweden,  Norway , Sweden",
        "kinds": ["university"],
        "conditions": "",
        "rubric": "Weigh it.",
        "sponsor_team": "",
        **other,
    }


def test_a_call_is_written_published_and_changed_on_the_site(
    ranked: Benchmark, organiser: User, client: Client
) -> None:
    client.force_login(organiser)
    answer = client.post("/awards/calls/new/", posted(ranked), follow=True)
    assert answer.redirect_chain == [("/awards/calls/early-tumours/run/", 302)]
    call = Call.objects.get()
    assert (call.countries, call.regions, call.organs) == (["Sweden", "Norway"], ["europe"], ["pancreas"])
    assert call.criteria.count() == 3
    client.post("/awards/calls/early-tumours/publish/")
    form = client.get("/awards/calls/early-tumours/edit/").content.decode()
    assert 'value="Sweden, Norway"' in form
    client.post("/awards/calls/early-tumours/edit/", posted(ranked, amount="50000", title="Earlier tumours"))
    call.refresh_from_db()
    assert (call.amount, call.title, call.slug) == (50_000, "Earlier tumours", "early-tumours")
    changed = Record.objects.get(act="call.changed").details["changed"]
    assert {"amount", "title"} <= set(changed) <= {"amount", "title", "opens", "closes", "reviews_due"}


def test_a_refused_form_comes_back_with_every_word(ranked: Benchmark, organiser: User, client: Client) -> None:
    client.force_login(organiser)
    closes = f"{timezone.now() - 3 * DAY:%Y-%m-%d %H:%M}"
    answer = client.post("/awards/calls/new/", posted(ranked, closes=closes, purpose="Words that took an hour."))
    page = answer.content.decode()
    assert (answer.status_code, Call.objects.count()) == (422, 0)
    assert "Words that took an hour." in page
    assert "Letters close after they open." in page
    assert "This is over." in page


def test_a_criterion_of_another_benchmark_is_refused(ranked: Benchmark, organiser: User, client: Client) -> None:
    client.force_login(organiser)
    answer = client.post("/awards/calls/new/", posted(ranked, benchmarks=[]))
    assert "Of a benchmark that is not chosen" in answer.content.decode()


def test_a_panel_is_filled_and_the_discussion_refused_on_the_organisers_page(
    closed: Letter, funder: User, second: User, organiser: User, client: Client
) -> None:
    client.force_login(organiser)
    third = make_reviewer(closed.call, by=organiser, name="Tora Third")
    client.post(f"/awards/seats/{Seat.objects.get(user=third).pk}/remove/")
    assert not Seat.objects.filter(user=third).exists()
    client.post("/awards/calls/early-tumours/seats/", {"user": third.pk, "decides": "on"})
    assert Seat.objects.get(user=third).decides
    answer = client.post("/awards/calls/early-tumours/discuss/")
    assert answer.status_code == 422
    assert "Uppsala Imaging has 0 of 2 locked reviews." in answer.content.decode()
    client.post(f"/awards/letters/{closed.pk}/assign/", {"reviewer": third.pk})
    page = client.get("/awards/calls/early-tumours/run/").content.decode()
    assert "review asked for" in page
    client.post(f"/awards/reviews/{third.reviews.get().pk}/release/")
    assert not third.reviews.exists()
    for wrong in ("", "x", str(organiser.pk)):
        answer = client.post(f"/awards/letters/{closed.pk}/assign/", {"reviewer": wrong})
        assert "Nobody was chosen" in answer.content.decode()
    assert "Nobody was chosen" in client.post("/awards/calls/early-tumours/seats/", {}).content.decode()
