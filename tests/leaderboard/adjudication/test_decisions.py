"""What readers say: one word each, taken back only by themselves, timed from when it was shown, and blind."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.adjudication.models import Decision, Showing, Suspect
from leaderboard.adjudication.selectors import latest_of, pace_at, queue_of, undecided
from leaderboard.adjudication.services import LONGEST, decision_make, decision_undo, suspect_show
from leaderboard.audit.models import Record
from leaderboard.hospitals.models import Case, Enrolment
from leaderboard.lib.errors import Refusal
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.core]


@pytest.fixture
def suspect(benchmark_rows: object) -> Suspect:
    return factories.make_suspect(Case.objects.filter(cohort__benchmarks__isnull=False).earliest("pk"))


@pytest.fixture
def readers(suspect: Suspect) -> tuple[User, User]:
    first, second = (factories.UserFactory.create(name=name) for name in ("Ines", "Otto"))
    suspect.case.cohort.hospital.stewards.add(first, second)
    return first, second


def decide(suspect: Suspect, by: User, verdict: str = "accept", *, after: float = 10, reason: str = "") -> Decision:
    suspect_show(suspect=suspect, to=by)
    Showing.objects.filter(suspect=suspect, by=by).update(shown_at=timezone.now() - timedelta(seconds=after))
    return decision_make(suspect=suspect, verdict=verdict, by=by, reason=reason)


def state(suspect: Suspect) -> str:
    return Suspect.objects.get(pk=suspect.pk).state


@pytest.mark.parametrize(
    ("verdict", "becomes"), [("accept", "accepted"), ("reject", "rejected"), ("edit", "needs-edit")]
)
def test_a_word_makes_the_state_and_an_undo_opens_it_again(
    verdict: str, becomes: str, suspect: Suspect, readers: tuple[User, User]
) -> None:
    first, _ = readers
    decision = decide(suspect, first, verdict, reason="  A vessel, seen on the next slice. ")
    assert state(suspect) == becomes
    assert (decision.by, decision.reason) == (first, "A vessel, seen on the next slice.")
    decision_undo(decision=decision, by=first)
    assert state(suspect) == "open"
    assert Decision.objects.get().undone_at is not None
    said = list(Record.objects.filter(about=f"suspect {suspect.pk}").values_list("act", "actor"))
    assert said == [("suspect.decided", f"user {first.pk}"), ("suspect.undone", f"user {first.pk}")]


def test_two_readers_who_differ_make_it_disputed_until_one_says_otherwise(
    suspect: Suspect, readers: tuple[User, User]
) -> None:
    first, second = readers
    decide(suspect, first, "accept")
    other = decide(suspect, second, "reject")
    assert state(suspect) == "disputed"
    decision_undo(decision=other, by=second)
    decide(suspect, second, "accept")
    assert state(suspect) == "accepted"
    assert Decision.objects.count() == 3


def test_nobody_decides_twice_or_undoes_what_is_anothers(suspect: Suspect, readers: tuple[User, User]) -> None:
    first, second = readers
    decision = decide(suspect, first)
    with pytest.raises(Refusal, match="already"):
        decide(suspect, first, "reject")
    with pytest.raises(Refusal, match="nothing of yours"):
        decision_undo(decision=decision, by=second)
    decision_undo(decision=decision, by=first)
    with pytest.raises(Refusal, match="nothing of yours"):
        decision_undo(decision=decision, by=first)


def test_nobody_decides_what_was_not_before_them(suspect: Suspect, readers: tuple[User, User]) -> None:
    first, _ = readers
    with pytest.raises(Refusal, match="not on your screen"):
        decision_make(suspect=suspect, verdict="accept", by=first)
    with pytest.raises(Refusal, match="choices are accept"):
        decide(suspect, first, "perhaps")
    assert state(suspect) == "open"


def test_of_scans_that_stay_at_their_hospital_only_its_stewards_decide(
    suspect: Suspect, readers: tuple[User, User], organiser: User
) -> None:
    first, _ = readers
    decide(suspect, organiser, "reject")
    Enrolment.objects.create(hospital=suspect.case.cohort.hospital)
    suspect = Suspect.objects.get(pk=suspect.pk)
    other = factories.make_suspect(suspect.case)
    with pytest.raises(Refusal, match="never leave its building"):
        decide(other, organiser)
    decide(other, first)
    assert state(other) == "accepted"


def test_seconds_run_from_when_it_was_shown_and_no_longer_than_somebody_can_be_there(
    suspect: Suspect, readers: tuple[User, User]
) -> None:
    first, second = readers
    quick = decide(suspect, first, after=10)
    away = decide(suspect, second, after=LONGEST.total_seconds() + 60)
    assert (round(quick.seconds), quick.capped) == (10, False)
    assert (away.seconds, away.capped) == (LONGEST.total_seconds(), True)
    pace = pace_at(suspect.case.cohort.hospital)
    assert (pace.n, pace.capped, pace.median) == (2, 1, (quick.seconds + away.seconds) / 2)


def test_the_page_loaded_again_goes_on_and_who_comes_back_begins_anew(
    suspect: Suspect, readers: tuple[User, User]
) -> None:
    first, _ = readers
    begun = suspect_show(suspect=suspect, to=first).since.shown_at
    assert suspect_show(suspect=suspect, to=first).since.shown_at == begun
    long_ago = timezone.now() - LONGEST - timedelta(seconds=1)
    Showing.objects.update(shown_at=long_ago)
    assert suspect_show(suspect=suspect, to=first).since.shown_at > begun


def test_the_queue_gives_each_reader_what_that_reader_has_not_decided(
    suspect: Suspect, readers: tuple[User, User]
) -> None:
    first, second = readers
    hospital = suspect.case.cohort.hospital
    more = factories.make_suspect(suspect.case)
    elsewhere = Case.objects.filter(cohort__benchmarks__isnull=False).exclude(cohort__hospital=hospital).earliest("pk")
    factories.make_suspect(elsewhere)
    decide(suspect, first)
    assert list(undecided(first, hospital)) == [more]
    assert list(undecided(second, hospital)) == [suspect, more]
    assert queue_of(second, hospital, asked=str(more.pk)).suspect == more
    for nonsense in ("9" * 30, "-1", "more", str(suspect.pk)):
        assert queue_of(first, hospital, asked=nonsense).suspect == more
    assert latest_of(second, hospital) is None


def test_what_most_teams_marked_comes_first(suspect: Suspect, readers: tuple[User, User]) -> None:
    first, _ = readers
    strong = factories.make_suspect(suspect.case)
    Suspect.objects.filter(pk=strong.pk).update(teams=5)
    assert list(undecided(first, suspect.case.cohort.hospital)) == [strong, suspect]
