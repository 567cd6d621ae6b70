"""A reviewer's desk: what is to be declared, reviewed, discussed and decided, and until when."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.awards.models import Letter, Review, Seat
from leaderboard.awards.models.calls import State
from leaderboard.awards.selectors.calls import ShownCall, live_letters, recused_letters, shown
from leaderboard.awards.selectors.standing import RECUSED, Standing, standings


@dataclass(frozen=True, kw_only=True)
class DeskLine:
    """A letter as it lies on somebody's desk."""

    letter: Letter
    standing: Standing
    review: Review | None
    recused: bool

    @property
    def is_locked(self) -> bool:
        return self.review is not None and self.review.locked_at is not None


@dataclass(frozen=True, kw_only=True)
class DeskCall:
    shown: ShownCall
    seat: Seat
    overdue: bool
    lines: list[DeskLine] = field(default_factory=list)

    def _those(self, standing: Standing) -> list[DeskLine]:
        return [line for line in self.lines if line.standing is standing and not line.recused]

    @property
    def to_declare(self) -> list[DeskLine]:
        return self._those(Standing.UNDECLARED)

    @property
    def to_review(self) -> list[DeskLine]:
        return [line for line in self._those(Standing.CLEAR) if line.review and not line.is_locked]

    @property
    def done(self) -> list[DeskLine]:
        return [line for line in self._those(Standing.CLEAR) if line.is_locked]

    @property
    def others(self) -> list[DeskLine]:
        """Nobody asked for these; they may be reviewed all the same."""
        return [line for line in self._those(Standing.CLEAR) if line.review is None]

    @property
    def recused(self) -> list[DeskLine]:
        return [line for line in self.lines if line.recused or line.standing in RECUSED]

    @property
    def in_review(self) -> bool:
        return self.shown.state is State.REVIEW

    @property
    def in_discussion(self) -> bool:
        return self.shown.state is State.DISCUSSION


def desk_of(user: User) -> list[DeskCall]:
    """Every call on whose panel somebody sits, those that end first at the top; in a fixed number of queries."""
    seats = {seat.call_id: seat for seat in Seat.objects.filter(user=user).select_related("call__sponsor_team")}
    calls = shown(sorted((seat.call for seat in seats.values()), key=lambda call: call.reviews_due))
    closed = [one.call for one in calls if one.call.is_closed]
    letters = list(live_letters().filter(call__in=closed).select_related("team__organisation", "decision"))
    where, recused = standings(user, letters), set(recused_letters().values_list("pk", flat=True))
    reviews = {one.letter_id: one for one in Review.objects.filter(reviewer=user, letter__in=letters)}
    now = timezone.now()
    return [
        DeskCall(
            shown=one,
            seat=seats[one.call.pk],
            overdue=one.state is State.REVIEW and one.call.reviews_due < now,
            lines=[
                DeskLine(
                    letter=letter,
                    standing=where[letter.pk],
                    review=reviews.get(letter.pk),
                    recused=letter.pk in recused,
                )
                for letter in letters
                if letter.call_id == one.call.pk
            ],
        )
        for one in calls
    ]
