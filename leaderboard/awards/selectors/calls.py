"""Calls as people see them, with the state that follows from dates and acts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from leaderboard.accounts.selectors import Person, is_organiser
from leaderboard.awards.models import Call, Decision, Letter, Seat
from leaderboard.awards.models.calls import State

OF_SPONSOR = Q(team=F("call__sponsor_team")) | Q(team__organisation=F("call__sponsor_team__organisation"))
WITH_SPONSORS_DATA = Q(submissions__trained_on__sponsored_calls=F("call"))


@dataclass(frozen=True, kw_only=True)
class ShownCall:
    """``awarded``: the teams, once everything is decided."""

    call: Call
    state: State
    awarded: list[str]


def calls_for(user: Person) -> QuerySet[Call]:
    """Published ones, and for organisers drafts, too."""
    rows = Call.objects.select_related("sponsor_team")
    return rows if is_organiser(user) else rows.filter(published_at__isnull=False)


def get_call_for(user: Person, slug: str) -> Call:
    call = None if "\0" in slug else calls_for(user).filter(slug=slug).first()  # PostgreSQL cannot be asked for it
    if call is None:
        raise Http404("No such call.")
    return call


def live_letters() -> QuerySet[Letter]:
    return Letter.objects.filter(withdrawn_at__isnull=True)


def recused_letters() -> QuerySet[Letter]:
    """Those in which the sponsor has a part: its own team's, or of a model trained on its hospitals' scans."""
    return Letter.objects.filter(OF_SPONSOR | WITH_SPONSORS_DATA).distinct()


def recusal_reasons(call: Call) -> dict[int, str]:
    """Of each recused letter of a call, why."""
    rows = Letter.objects.filter(call=call)
    trained = dict.fromkeys(
        rows.filter(WITH_SPONSORS_DATA).values_list("pk", flat=True),
        f"A model it is about was trained on scans of the sponsor’s hospitals ({call.sponsor}).",
    )
    own = dict.fromkeys(
        rows.filter(OF_SPONSOR).values_list("pk", flat=True), f"It is a team of the sponsor, {call.sponsor}."
    )
    return trained | own


def competing(calls: Iterable[Call]) -> QuerySet[Letter]:
    """Letters that a decision can be made on: neither withdrawn nor recused."""
    return live_letters().filter(call__in=calls).exclude(pk__in=recused_letters().values("pk"))


def shown(calls: Iterable[Call]) -> list[ShownCall]:
    """With their states, in a fixed number of queries."""
    calls, now = list(calls), timezone.now()
    undecided = set(competing(calls).filter(decision__isnull=True).values_list("call", flat=True))
    awarded: dict[int, list[str]] = {}
    granted = Decision.objects.filter(letter__call__in=calls, outcome=Decision.Outcome.AWARDED)
    for pk, team in granted.values_list("letter__call", "letter__team__name").order_by("letter__team__name"):
        awarded.setdefault(pk, []).append(team)
    found = []
    for call in calls:
        state = call.state_at(now, undecided=call.pk in undecided)
        names = awarded.get(call.pk, []) if state is State.DECIDED else []
        found.append(ShownCall(call=call, state=state, awarded=names))
    return found


def calls_shown(user: Person) -> list[ShownCall]:
    return shown(calls_for(user))


def state_of(call: Call) -> State:
    return shown([call])[0].state


def seat_of(user: Person, call: Call) -> Seat | None:
    return Seat.objects.filter(call=call, user=user.pk).first() if user.is_authenticated else None


def may_decide(user: Person, call: Call) -> bool:
    seat = seat_of(user, call)
    return is_organiser(user) or (seat is not None and seat.decides)
