"""The demonstration's award calls: one in review with a letter of each team, one that is open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.awards.models import Call, Finalist, Letter
from leaderboard.awards.pdf.sample import one_page
from leaderboard.awards.services.calls import call_create, call_publish, seat_add
from leaderboard.awards.services.conflicts import declaration_make
from leaderboard.awards.services.letters import letter_hand_in
from leaderboard.awards.services.reviews import review_assign, review_lock, review_save
from leaderboard.benchmarks.models import Benchmark

IN_REVIEW, OPEN = "early-tumours-2027", "fewer-false-alarms-2027"
DAY = timedelta(days=1)
RUBRIC = (
    "Importance: how many patients would be helped, and how much earlier.\n"
    "Rigour: would the plan give a right answer at hospitals that the model has never seen, and can it be done in a "
    "year?\n"
    "Expertise: can this team do it with what it has?"
)
LETTER = (
    "Letter of intent\n\nDear panel,\n\n{team} intends to bring its model to hospitals that it has never seen,\n"
    "and to find pancreatic cancers of at most 2 cm there.\n\nWe would pay one engineer of it, and compute.\n"
    "\nThis letter is made up, like every number of this demonstration."
)
ANSWERS: dict[str, Any] = {
    "importance": 2,
    "importance_why": "Small tumours are the ones that can be cured.",
    "rigour": 4,
    "rigour_why": "The plan is sound. A year is short for two hospitals.",
    "expertise": "sufficient",
    "expertise_why": "",
    "comments": "",
}


def call_values(benchmark: Benchmark, **other: Any) -> dict[str, Any]:
    now = timezone.now()
    return {
        "sponsor": "Foundation for Early Detection (made up)",
        "amount": 100_000,
        "currency": "USD",
        "months": 12,
        "awards": 1,
        "benchmarks": [benchmark],
        "criteria": list(benchmark.criteria.all()),
        "organs": [benchmark.organ],
        "rubric": RUBRIC,
        "opens": now - DAY,
        "closes": now + 60 * DAY,
        "reviews_due": now + 90 * DAY,
        **other,
    }


@transaction.atomic
def demonstration_calls(*, benchmark: Benchmark, say: Callable[[str], None]) -> None:
    """Made once, when finalists are named; again, they are kept as they are."""
    if Call.objects.filter(slug=IN_REVIEW).exists():
        return
    organiser, funder, reviewer = (
        User.objects.get(email=f"{part}@demo.example") for part in ("organiser", "funder", "reviewer")
    )
    call = call_create(
        by=organiser,
        **call_values(
            benchmark,
            slug=IN_REVIEW,
            title="Early tumours 2027",
            purpose="For a team whose model finds cancers that radiologists miss, without more false alarms.",
        ),
    )
    call = call_publish(call=call, by=organiser)
    letters = [hand_in(call, finalist) for finalist in Finalist.objects.filter(benchmark=benchmark)]
    # Two months pass for this call: a demonstration has nobody's deadline to keep.
    now = timezone.now()
    Call.objects.filter(pk=call.pk).update(opens=now - 60 * DAY, closes=now, reviews_due=now + 21 * DAY)
    call.refresh_from_db()
    for person, decides in ((funder, True), (reviewer, False)):
        seat_add(call=call, user=person, decides=decides, by=organiser)
    review(letters, funder, reviewer, by=organiser)
    other = call_create(
        by=organiser,
        **call_values(
            benchmark,
            slug=OPEN,
            title="Fewer false alarms 2027",
            purpose="For a team whose model sends fewer healthy people to further tests.",
            amount=40_000,
        ),
    )
    call_publish(call=other, by=organiser)
    say(f"Two award calls: {call} with {len(letters)} letters in review, {other} open for letters")


def hand_in(call: Call, finalist: Finalist) -> Letter:
    team: Team = finalist.team
    by = team.members.earliest("pk")
    version = letter_hand_in(
        call=call,
        team=team,
        name="letter of intent.pdf",
        content=one_page(LETTER.format(team=team)),
        submissions=[finalist.submission],
        organisation=f"University of {team}",
        kind="university",
        country="Made up",
        region="europe",
        by=by,
    )
    return version.letter


def review(letters: list[Letter], funder: User, reviewer: User, *, by: User) -> None:
    """Of the first the reviewer has locked a review and the funder has a draft; of the others the reviewer is asked."""
    if not letters:
        return
    first, *others = Letter.objects.select_related("call", "team").filter(pk__in=[one.pk for one in letters])
    declaration_make(letter=first, conflict=False, reason="", by=reviewer)
    review_lock(review=review_assign(letter=first, reviewer=reviewer, by=by), by=reviewer, **ANSWERS)
    declaration_make(letter=first, conflict=False, reason="", by=funder)
    draft = review_assign(letter=first, reviewer=funder, by=by)
    review_save(review=draft, by=funder, importance=3, importance_why="It would be a large step, if it holds.")
    for letter in others:
        review_assign(letter=letter, reviewer=reviewer, by=by)
