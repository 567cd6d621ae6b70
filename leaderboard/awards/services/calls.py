"""Making a call, changing it, publishing it, filling its panel, and opening the discussion."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_organiser, is_reviewer
from leaderboard.audit.services import record
from leaderboard.awards.models import Call, Letter, Seat
from leaderboard.awards.models.calls import REVIEWS_NEEDED, State
from leaderboard.awards.selectors.calls import competing, live_letters, state_of
from leaderboard.awards.selectors.reviews import locked_counts
from leaderboard.awards.selectors.standing import RECUSED, Standing, parts_in, standings
from leaderboard.lib.errors import Fault, Refusal
from leaderboard.notices.services import notice_add

logger = logging.getLogger(__name__)

RESERVED = ("new",)  # an address of its own
MANY = ("benchmarks", "criteria", "sponsor_hospitals")
AFTER_LETTERS = {"closes", "reviews_due", "sponsor_team", "sponsor_hospitals"}  # what may change once letters came


def locked_call(call: Call) -> Call:
    """Acts on one call, its letters and its reviews come one after another."""
    return Call.objects.select_for_update().get(pk=call.pk)


def require_to_run(by: User) -> None:
    if not is_organiser(by):
        raise Refusal("Only an organiser runs a call.", next_step="Ask one of them.")


@transaction.atomic
def call_create(*, by: User, **given: Any) -> Call:
    """A draft, seen by organisers only.

    Raises
    ------
    Refusal
        By nobody but an organiser; or something in it cannot be.
    """
    require_to_run(by)
    call = Call(created_by=by)
    _fill(call, given)
    record("call.created", f"call {call.slug}", by=by.pk)
    return call


@transaction.atomic
def call_change(*, call: Call, by: User, **given: Any) -> Call:
    """Before letters came everything can change. After that teams have relied on it: dates can be put off, and the
    sponsor's part told, and no more.

    Raises
    ------
    Refusal
        By nobody but an organiser; or a change that comes too late.
    """
    require_to_run(by)
    call = locked_call(call)
    before = _values(call)
    changed = sorted(name for name, value in given.items() if before[name] != _comparable(value))
    if Letter.objects.filter(call=call).exists():  # withdrawn ones, too: they were written for what it said
        _require_still_fair(call, given, set(changed))
    if changed:
        _fill(call, given)
        record("call.changed", f"call {call.slug}", by=by.pk, changed=changed)
    return call


def _require_still_fair(call: Call, given: dict[str, Any], changed: set[str]) -> None:
    if late := sorted(changed - AFTER_LETTERS):
        raise Refusal(
            f"{', '.join(late).replace('_', ' ').capitalize()} cannot change any more.",
            why="Letters have come: their teams relied on what the call says.",
            next_step="Put it back. Dates may be put off, and the sponsor’s team and hospitals be named.",
        )
    if call.discussed_at is not None and changed:
        raise Refusal("Nothing of this call changes any more.", why="Its discussion is open.")
    hospitals = set(call.sponsor_hospitals.all())
    if (call.sponsor_team and "sponsor_team" in changed) or hospitals - set(given.get("sponsor_hospitals", hospitals)):
        raise Refusal(
            "What the sponsor has a part in can be told, and not taken back.",
            why="Letters have come, and who is recused would change by it.",
            next_step="Name the same team and hospitals, or more of them.",
        )
    if "closes" in changed and (call.is_closed or given["closes"] < call.closes):
        raise Refusal(
            "The closing date can only be put off, and only before it.",
            why="Once it is over the panel may see the letters; brought forward, it would shut teams out.",
        )


def _values(call: Call) -> dict[str, Any]:
    found = {field.name: getattr(call, field.name) for field in call._meta.concrete_fields}
    return found | {name: set(getattr(call, name).values_list("pk", flat=True)) for name in MANY}


def _comparable(value: Any) -> Any:
    return {one.pk for one in value} if hasattr(value, "__iter__") and not isinstance(value, str | list) else value


def _fill(call: Call, given: dict[str, Any]) -> None:
    for name, value in given.items():
        if name not in MANY:
            setattr(call, name, value)
    if call.slug in RESERVED:
        raise Refusal(f"A call cannot be called “{call.title}”.", next_step="Give it another title.")
    try:
        call.full_clean()
    except ValidationError as error:
        raise Refusal("The call cannot be like this.", why=" ".join(error.messages)) from error
    call.save()
    for name in MANY:
        if name in given:
            getattr(call, name).set(given[name])


@transaction.atomic
def call_publish(*, call: Call, by: User) -> Call:
    """From now on everybody may read it.

    Raises
    ------
    Refusal
        By nobody but an organiser; it is published, its time is over, or it rests on nothing.
    """
    require_to_run(by)
    call = locked_call(call)
    if call.published_at is not None:
        raise Refusal(f"“{call}” is published already.")
    if call.closes <= timezone.now():
        raise Refusal("Its closing date is over.", next_step="Give it a later one, then publish it.")
    if not call.benchmarks.filter(published=True).exists():
        raise Refusal(
            "The call names no published benchmark.",
            why="Verdicts come from the ranking of a benchmark.",
            next_step="Choose one, then publish the call.",
        )
    call.published_at = timezone.now()
    call.save(update_fields=["published_at"])
    logger.info("call %s published by user %s", call.slug, by.pk)
    record("call.published", f"call {call.slug}", by=by.pk)
    return call


@transaction.atomic
def seat_add(*, call: Call, user: User, decides: bool, by: User) -> Seat:
    """Put a reviewer on the panel, or say anew whether this one decides.

    Raises
    ------
    Refusal
        By nobody but an organiser; somebody who is no reviewer, or whose team competes; or the discussion is open.
    """
    require_to_run(by)
    call = locked_call(call)
    if not is_reviewer(user):
        raise Refusal(f"{user} is no reviewer.", next_step="Make the account one: manage.py add_person --reviewer.")
    _require_before_discussion(call)
    letters = list(live_letters().filter(call=call))
    if letters and Standing.OWN in parts_in(user, letters).values():
        raise Refusal(
            f"{user} cannot be on this panel.", why="A team of this person, or of the same organisation, competes."
        )
    seat, made = Seat.objects.update_or_create(call=call, user=user, defaults={"decides": decides})
    if made:
        text = f"You are on the panel of “{call}”. Reviews are due {call.reviews_due:%Y-%m-%d %H:%M} UTC."
        notice_add(to=[user], text=text, link=reverse("awards:desk"))
    record("call.seat-added", f"call {call.slug}", by=by.pk, of=f"user {user.pk}", decides=decides)
    return seat


@transaction.atomic
def seat_remove(*, seat: Seat, by: User) -> None:
    """Take somebody off the panel, with reviews that were not begun.

    Raises
    ------
    Refusal
        By nobody but an organiser; a review was written; or the discussion is open.
    """
    require_to_run(by)
    call = locked_call(seat.call)
    _require_before_discussion(call)
    reviews = seat.user.reviews.filter(letter__call=call)
    if reviews.filter(saved_at__isnull=False).exists():
        raise Refusal(
            f"{seat.user} stays on the panel.", why="Something of a review is written, and it is part of the record."
        )
    reviews.delete()
    seat.delete()
    record("call.seat-removed", f"call {call.slug}", by=by.pk, of=f"user {seat.user_id}")


def _require_before_discussion(call: Call) -> None:
    if call.discussed_at is not None:
        raise Refusal("The panel stays as it is.", why="Its discussion is open: reviews are no secret any more.")


@transaction.atomic
def discussion_open(*, call: Call, by: User) -> Call:
    """From now on who has locked the own review sees the others'.

    Raises
    ------
    Refusal
        By nobody but an organiser; not in review; or letters lack reviews, each of which is named.
    """
    require_to_run(by)
    call = locked_call(call)
    if state_of(call) is not State.REVIEW:
        raise Refusal(f"“{call}” is {state_of(call).label}: there is no discussion to open.")
    letters = list(competing([call]).select_related("team"))
    locked = locked_counts(letters)
    lacking = [
        Fault(what=f"{letter.team} has {locked[letter.pk]} of {REVIEWS_NEEDED} locked reviews.")
        for letter in letters
        if locked[letter.pk] < REVIEWS_NEEDED
    ]
    if lacking:
        raise Refusal(
            "The discussion cannot be opened yet.",
            why="Every letter needs two independent reviews first, or those that come later are not independent.",
            next_step="Assign reviewers, or ask those who are late.",
            faults=lacking,
        )
    call.discussed_at = timezone.now()
    call.save(update_fields=["discussed_at"])
    people = [one for one in User.objects.filter(seats__call=call) if set(standings(one, letters).values()) - RECUSED]
    notice_add(to=people, text=f"The discussion of “{call}” is open.", link=reverse("awards:desk"))
    record("call.discussion-opened", f"call {call.slug}", by=by.pk, letters=len(letters))
    return call
