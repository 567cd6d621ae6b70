"""Reminding people of a call's deadlines: teams that have not answered, reviewers who have not ended their reviews."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import Team, User
from leaderboard.awards.models import Call, Letter, Reminder, Review
from leaderboard.notices.services import notice_add
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)

Kind = Reminder.Kind
DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Step:
    """A reminder is due from ``begins`` to ``ends``, both counted from the deadline: later it helps nobody any more."""

    kind: Kind
    begins: timedelta
    ends: timedelta


OF_LETTERS = (
    Step(Kind.LETTERS_WEEK, -WEEK, -DAY),
    Step(Kind.LETTERS_DAY, -DAY, timedelta(0)),
    Step(Kind.CLOSED, timedelta(0), WEEK),
)
OF_REVIEWS = (
    Step(Kind.REVIEWS_WEEK, -WEEK, -DAY),
    Step(Kind.REVIEWS_DAY, -DAY, timedelta(0)),
    Step(Kind.OVERDUE, timedelta(0), WEEK),
)


def reminders_send() -> int:
    """What is due now, once a deadline; the number of reminders."""
    now = timezone.now()
    recent = Call.objects.filter(published_at__isnull=False, opens__lte=now, reviews_due__gt=now - WEEK)
    return sum(_remind(call, now) for call in recent)


@transaction.atomic
def _remind(call: Call, now: datetime) -> int:
    sent = 0
    for steps, deadline, began in ((OF_LETTERS, call.closes, call.opens), (OF_REVIEWS, call.reviews_due, call.closes)):
        for step in steps:
            # Whoever was told of the deadline after this reminder's time needs none: of a call of three days, say.
            due = deadline + step.begins <= now < deadline + step.ends and deadline + step.begins > began
            if not due:
                continue
            _, new = Reminder.objects.get_or_create(call=call, kind=step.kind, deadline=deadline)
            if new:
                people, text, link = SAYS[step.kind](call)
                notice_add(to=people, text=text, link=link)
                logger.info("reminder %s of call %s to %d people", step.kind, call.slug, len(people))
                sent += 1
    return sent


def _letters(call: Call) -> tuple[QuerySet[User], str, str]:
    text = f"“{call}” takes letters of intent until {call.closes:%Y-%m-%d %H:%M} UTC; your team has sent none."
    return unanswered(call), text, reverse("awards:call", args=[call.slug])


def _closed(call: Call) -> tuple[QuerySet[User], str, str]:
    count = call.letters.filter(withdrawn_at=None).count()
    text = f"“{call}” is closed: no letter came."
    if count:
        text = (
            f"“{call}” is closed with {count} letter{'' if count == 1 else 's'}. Declare conflicts of interest first; "
        )
        text += f"reviews are due {call.reviews_due:%Y-%m-%d %H:%M} UTC."
    return User.objects.filter(seats__call=call), text, reverse("awards:desk")


def _reviews(call: Call) -> tuple[QuerySet[User], str, str]:
    text = f"Reviews for “{call}” are due {call.reviews_due:%Y-%m-%d %H:%M} UTC; not all of yours are locked."
    return owing(call), text, reverse("awards:desk")


def _overdue(call: Call) -> tuple[QuerySet[User], str, str]:
    text = f"Reviews for “{call}” were due {call.reviews_due:%Y-%m-%d %H:%M} UTC; not all of yours are locked."
    return owing(call), text, reverse("awards:desk")


SAYS: dict[Kind, Callable[[Call], tuple[QuerySet[User], str, str]]] = {
    Kind.LETTERS_WEEK: _letters,
    Kind.LETTERS_DAY: _letters,
    Kind.CLOSED: _closed,
    Kind.REVIEWS_WEEK: _reviews,
    Kind.REVIEWS_DAY: _reviews,
    Kind.OVERDUE: _overdue,
}


def unanswered(call: Call) -> QuerySet[User]:
    """Who is in a team that has submissions here and no letter; the sponsor's own has nothing to send."""
    taking_part = Submission.objects.filter(benchmark__in=call.benchmarks.all(), state=Submission.State.ACCEPTED)
    answered = Letter.objects.filter(call=call)  # one that was withdrawn was withdrawn on purpose
    teams = Team.objects.filter(pk__in=taking_part.values("team")).exclude(pk__in=answered.values("team"))
    return User.objects.filter(teams__in=teams.exclude(sponsored_calls=call)).distinct()


def owing(call: Call) -> QuerySet[User]:
    """Who was asked for a review, or took one, that is not locked, of a letter that waits for its decision."""
    open_reviews = Review.objects.filter(
        letter__call=call, letter__withdrawn_at=None, letter__decision=None, locked_at=None
    )
    return User.objects.filter(pk__in=open_reviews.values(person=F("reviewer")))
