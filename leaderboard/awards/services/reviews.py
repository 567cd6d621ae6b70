"""Reviews: given or taken, kept as drafts, locked for good."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.awards.models import Decision, Letter, Review, Seat
from leaderboard.awards.models.calls import State
from leaderboard.awards.selectors.calls import recused_letters, state_of
from leaderboard.awards.selectors.standing import RECUSED, Standing, standing_of
from leaderboard.awards.services.calls import locked_call, require_to_run
from leaderboard.lib.errors import Fault, Refusal
from leaderboard.lib.files import json_digest
from leaderboard.notices.services import notice_add


@transaction.atomic
def review_assign(*, letter: Letter, reviewer: User, by: User) -> Review:
    """Ask somebody of the panel for a review.

    Raises
    ------
    Refusal
        By nobody but an organiser; somebody who is recused or not on the panel; or it is not the time.
    """
    require_to_run(by)
    _require_no_part(by, letter)
    review, made = _begin(letter, reviewer, assigned_by=by)
    if made:
        text = f"You are asked to review the letter of {letter.team} for “{letter.call}”, until "
        text += f"{letter.call.reviews_due:%Y-%m-%d %H:%M} UTC."
        notice_add(to=[reviewer], text=text, link=reverse("awards:desk"))
        record("review.assigned", f"letter {letter.pk}", by=by.pk, to=f"user {reviewer.pk}")
    return review


@transaction.atomic
def review_take(*, letter: Letter, by: User) -> Review:
    """Review a letter without having been asked.

    Raises
    ------
    Refusal
        As `review_assign`; or nothing was declared yet.
    """
    if standing_of(by, letter) is not Standing.CLEAR:
        raise Refusal("Declare first whether there is a conflict of interest.")
    review, made = _begin(letter, by, assigned_by=None)
    if made:
        record("review.taken", f"letter {letter.pk}", by=by.pk)
    return review


def _require_no_part(by: User, letter: Letter) -> None:
    if standing_of(by, letter) in RECUSED:
        raise Refusal("You are recused from this letter.", next_step="Ask another organiser to see to its reviews.")


def _begin(letter: Letter, reviewer: User, *, assigned_by: User | None) -> tuple[Review, bool]:
    call = locked_call(letter.call)
    if letter.withdrawn_at is not None or state_of(call) is not State.REVIEW:
        raise Refusal("This letter is not in review.")
    if recused_letters().filter(pk=letter.pk).exists():
        raise Refusal("This letter is recused.", why="The sponsor has a part in it; it is not reviewed.")
    if not Seat.objects.filter(call=call, user=reviewer).exists():
        raise Refusal(f"{reviewer} is not on the panel.", next_step="Add the person to the panel first.")
    if standing_of(reviewer, letter) in RECUSED:
        raise Refusal(f"{reviewer} is recused from the letter of {letter.team}.")
    return Review.objects.get_or_create(letter=letter, reviewer=reviewer, defaults={"assigned_by": assigned_by})


@transaction.atomic
def review_release(*, review: Review, by: User) -> None:
    """Ask for it no more.

    Raises
    ------
    Refusal
        By nobody but an organiser; or something of it is written.
    """
    require_to_run(by)
    _require_no_part(by, review.letter)
    locked_call(review.letter.call)
    if Review.objects.filter(pk=review.pk, saved_at__isnull=False).exists():
        raise Refusal(f"The review of {review.reviewer} stays.", why="Something of it is written.")
    review.delete()
    record("review.released", f"letter {review.letter_id}", by=by.pk, of=f"user {review.reviewer_id}")


@transaction.atomic
def review_save(*, review: Review, by: User, **answers: Any) -> Review:
    """Keep a draft, which nobody else sees.

    Raises
    ------
    Refusal
        It is somebody else's, it is locked, or its reviewer is recused.
    """
    review = _changed(review, by, answers)
    record("review.saved", f"review {review.pk}", by=by.pk, letter=review.letter_id)
    return review


@transaction.atomic
def review_lock(*, review: Review, by: User, **answers: Any) -> Review:
    """Hand it in: it never changes again, and its digest is in the audit log.

    Raises
    ------
    Refusal
        As `review_save`; or an answer or its reason is missing, and each is named.
    """
    review = _changed(review, by, answers)
    missing = [Fault(what=f"Not answered: {what}.") for what, given in _needed(review) if not given]
    if missing:
        raise Refusal(
            "The review is not whole yet.",
            why="Every answer needs its reason.",
            next_step="Complete it, or keep it as a draft.",
            faults=missing,
        )
    review.locked_at = timezone.now()
    review.full_clean()
    review.save(update_fields=["locked_at"])
    record(
        "review.locked",
        f"review {review.pk}",
        by=by.pk,
        letter=review.letter_id,
        sha256=json_digest(review.answers),
        late=review.locked_at > review.letter.call.reviews_due,
    )
    return review


def _needed(review: Review) -> list[tuple[str, object]]:
    return [
        ("importance, 1 to 9", review.importance),
        ("why that importance", review.importance_why),
        ("rigour, 1 to 9", review.rigour),
        ("why that rigour", review.rigour_why),
        ("whether the expertise is sufficient", review.expertise),
        ("what expertise is missing", review.expertise != Review.Expertise.NOT or review.expertise_why),
    ]


def _changed(review: Review, by: User, answers: dict[str, Any]) -> Review:
    locked_call(review.letter.call)
    rows = Review.objects.select_for_update(of=("self",)).select_related("letter__call", "letter__team")
    found = rows.filter(pk=review.pk).first()
    if found is None:
        raise Refusal("You are not asked for this review any more.", next_step="Look at the review desk again.")
    review = found
    if review.reviewer_id != by.pk:
        raise Refusal("This is somebody else’s review.")
    if review.locked_at is not None:
        raise Refusal("Your review is locked.", why="What others may have read does not change any more.")
    if standing_of(by, review.letter) is not Standing.CLEAR:
        raise Refusal("Declare first whether there is a conflict of interest.")
    if Decision.objects.filter(letter=review.letter).exists():
        raise Refusal("The letter is decided.", why="A review that was written after that is none.")
    if review.letter.withdrawn_at is not None:
        raise Refusal("The letter was withdrawn meanwhile.")
    for name, value in answers.items():
        setattr(review, name, value)
    review.saved_at = timezone.now()
    review.full_clean()
    review.save()
    return review
