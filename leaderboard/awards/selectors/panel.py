"""A call as its organiser sees it: who has declared, reviewed and decided what, and nothing of what was written."""

from __future__ import annotations

from dataclasses import dataclass

from leaderboard.accounts.models import User
from leaderboard.awards.models import Call, Decision, Declaration, Letter, Review, Seat
from leaderboard.awards.models.calls import REVIEWS_NEEDED
from leaderboard.awards.selectors.calls import recusal_reasons
from leaderboard.awards.selectors.reviews import locked_counts
from leaderboard.awards.selectors.standing import RECUSED, Standing, parts_in, standings


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One person of the panel and one letter. ``review`` says how far it is, never what is in it."""

    seat: Seat
    standing: Standing
    reason: str
    review: Review | None

    @property
    def may_review(self) -> bool:
        return self.review is None and self.standing in (Standing.UNDECLARED, Standing.CLEAR)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A letter. ``mine`` is where the organiser who looks stands: a conflict hides the cells, and reasons and decisions
    are seen by who declared that there is none."""

    letter: Letter
    mine: Standing
    recused: str
    locked: int
    cells: list[Cell]
    decision: Decision | None

    @property
    def lacks(self) -> int:
        return 0 if self.recused or self.letter.withdrawn_at else max(0, REVIEWS_NEEDED - self.locked)

    @property
    def nobody_decides(self) -> bool:
        """Whoever of the panel could decide is recused from it, so that only an organiser is left to."""
        deciding = [cell for cell in self.cells if cell.seat.decides and cell.standing not in RECUSED]
        return not (deciding or self.recused or self.letter.withdrawn_at or hasattr(self.letter, "decision"))

    @property
    def is_hidden(self) -> bool:
        return self.mine in RECUSED

    @property
    def reasons_shown(self) -> bool:
        return self.mine is Standing.CLEAR

    @property
    def may_be_asked(self) -> list[Seat]:
        """Who of the panel could review it."""
        return [cell.seat for cell in self.cells if cell.may_review]


def panel_of(call: Call, *, to: User) -> list[Line]:
    """In a number of queries that follows from the panel's size, not from the letters'."""
    letters = list(call.letters.select_related("team__organisation", "decision").prefetch_related("versions"))
    seats = list(call.seats.select_related("user"))
    recused, locked, mine = recusal_reasons(call), locked_counts(letters), standings(to, letters)
    declared = {(one.letter_id, one.user_id): one for one in Declaration.objects.filter(letter__in=letters)}
    reviews = {(one.letter_id, one.reviewer_id): one for one in Review.objects.filter(letter__in=letters)}
    parts = {seat.user_id: parts_in(seat.user, letters) for seat in seats}
    unlocked = {one.letter_id for one in reviews.values() if one.reviewer_id == to.pk and one.locked_at is None}

    def cell(letter: Letter, seat: Seat) -> Cell:
        said = declared.get((letter.pk, seat.user_id))
        if letter.pk in parts[seat.user_id]:
            standing = parts[seat.user_id][letter.pk]
        elif said is None:
            standing = Standing.UNDECLARED
        else:
            standing = Standing.CONFLICT if said.conflict else Standing.CLEAR
        review = reviews.get((letter.pk, seat.user_id))
        return Cell(seat=seat, standing=standing, reason=said.reason if said else "", review=review)

    return [
        Line(
            letter=letter,
            mine=mine[letter.pk],
            recused=recused.get(letter.pk, ""),
            locked=locked[letter.pk],
            cells=[cell(letter, seat) for seat in seats],
            decision=getattr(letter, "decision", None)
            if mine[letter.pk] is Standing.CLEAR and letter.pk not in unlocked
            else None,
        )
        for letter in letters
    ]
