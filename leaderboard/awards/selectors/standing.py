"""Where somebody stands towards a letter: what may be seen of it follows from that, and from nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404

from leaderboard.accounts.models import Team, User
from leaderboard.accounts.selectors import Person, is_organiser, teams_of
from leaderboard.awards.models import Call, Declaration, Letter, Review, Seat
from leaderboard.awards.selectors.calls import competing, live_letters


class Standing(Enum):
    STRANGER = "not on the panel"
    OWN = "of the team, or of its organisation"
    COMPETITOR = "of a team that handed in a letter of its own"
    UNDECLARED = "has declared nothing yet"
    CONFLICT = "declared a conflict"
    CLEAR = "declared no conflict"


RECUSED = frozenset({Standing.OWN, Standing.COMPETITOR, Standing.CONFLICT})


def parts_in(user: Person, letters: Sequence[Letter]) -> dict[int, Standing]:
    """Of those, the letters in which somebody has a part whatever is declared: those of the own teams and of teams of
    the same verified organisation, and all others of a call to which these handed one in, withdrawn or not."""
    teams = teams_of(user)
    together = Q(team__in=teams) | Q(
        team__organisation__in=teams.filter(organisation__isnull=False).values("organisation")
    )
    handed_in = Letter.objects.filter(together, call__in={one.call_id for one in letters})
    own = dict(handed_in.values_list("pk", "call"))
    calls = set(own.values())
    return {one.pk: Standing.OWN if one.pk in own else Standing.COMPETITOR for one in letters if one.call_id in calls}


def standings(user: Person, letters: Sequence[Letter]) -> dict[int, Standing]:
    """Towards each, in a fixed number of queries."""
    if not (isinstance(user, User) and user.is_active):
        return dict.fromkeys((one.pk for one in letters), Standing.STRANGER)
    seats = set(Seat.objects.filter(user=user).values_list("call", flat=True))
    declared = dict(Declaration.objects.filter(user=user, letter__in=letters).values_list("letter", "conflict"))
    parts, runs = parts_in(user, letters), is_organiser(user)

    def one(letter: Letter) -> Standing:
        if not (runs or letter.call_id in seats):
            return Standing.STRANGER
        if letter.pk in parts:
            return parts[letter.pk]
        if letter.pk not in declared:
            return Standing.UNDECLARED
        return Standing.CONFLICT if declared[letter.pk] else Standing.CLEAR

    return {letter.pk: one(letter) for letter in letters}


def standing_of(user: Person, letter: Letter) -> Standing:
    return standings(user, [letter])[letter.pk]


class Undeclared(Exception):
    """Somebody of the panel has first to say whether there is a conflict of interest."""

    def __init__(self, letter: Letter) -> None:
        super().__init__(str(letter))
        self.letter = letter


def find_letter(user: Person, pk: int) -> tuple[Letter, Standing]:
    """A closed call's letter, and where a person of its panel stands. For anybody else it does not exist."""
    related = ("call__sponsor_team", "team__organisation")
    letter = live_letters().select_related(*related).filter(pk=pk).first()
    standing = Standing.STRANGER if letter is None else standing_of(user, letter)
    if letter is None or standing is Standing.STRANGER or not letter.call.is_closed:
        raise Http404("No such letter.")
    return letter, standing


def get_letter_for(user: Person, pk: int) -> Letter:
    """The letter, for who declared that there is no conflict.

    Raises
    ------
    Http404
        To who is not on the panel, and before the call closes.
    PermissionDenied
        A conflict hides it.
    Undeclared
        Nothing was declared yet.
    """
    letter, standing = find_letter(user, pk)
    if standing is Standing.UNDECLARED:
        raise Undeclared(letter)
    if standing is not Standing.CLEAR:
        raise PermissionDenied("A conflict of interest hides this letter and everything about it from you.")
    return letter


def get_own_letter(user: Person, slug: str, team: str) -> tuple[Call, Team, Letter | None]:
    """For a team's members; for anybody else there is nothing."""
    call = Call.objects.filter(slug=slug, published_at__isnull=False).first()
    found = teams_of(user).filter(slug=team).first()
    if call is None or found is None:
        raise Http404("No such letter.")
    return call, found, Letter.objects.filter(call=call, team=found).first()


def may_discuss(user: Person, letter: Letter) -> bool:
    """Others' reviews and what is said of them: when the discussion is open and one's own review is locked."""
    own = Review.objects.filter(letter=letter, reviewer=user.pk, locked_at__isnull=True)
    return letter.call.discussed_at is not None and not own.exists()


HIDDEN = {
    Standing.OWN: "it is your own, or of your organisation",
    Standing.COMPETITOR: "your own team competes with it",
    Standing.CONFLICT: "you declared a conflict of interest",
    Standing.UNDECLARED: "you have not declared yet whether there is a conflict",
}


def hidden_teams(user: Person) -> dict[int, str]:
    """Teams whose candidates a person may not see, with those of the same organisation, and why."""
    rows = Letter.objects.select_related("team")
    declared = rows.filter(declarations__user=user.pk, declarations__conflict=True)
    calls = [seat.call for seat in Seat.objects.filter(user=user.pk).select_related("call") if seat.call.is_closed]
    letters = list(competing(calls).select_related("team"))
    where = standings(user, letters)
    teams = {one.team: HIDDEN[Standing.CONFLICT] for one in declared}
    for one in letters:
        if where[one.pk] in HIDDEN:
            teams.setdefault(one.team, HIDDEN[where[one.pk]])
    organisations = {team.organisation_id: why for team, why in teams.items() if team.organisation_id}
    sisters = Team.objects.filter(organisation__in=organisations).values_list("pk", "organisation")
    found = {pk: organisations[organisation] for pk, organisation in sisters if organisation}
    return found | {team.pk: why for team, why in teams.items()}
