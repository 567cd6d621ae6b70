"""Declaring a conflict of interest, or that there is none."""

from __future__ import annotations

from django.db import transaction
from django.urls import reverse

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import organisers
from leaderboard.audit.services import record
from leaderboard.awards.models import Declaration, Letter, Review
from leaderboard.awards.selectors.standing import RECUSED, Standing, standing_of
from leaderboard.awards.services.calls import locked_call
from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import text_digest
from leaderboard.notices.services import notice_add


@transaction.atomic
def declaration_make(*, letter: Letter, conflict: bool, reason: str, by: User) -> Declaration:
    """Said once; "none" can become a conflict later, a conflict stays one. A review that is not begun goes.

    Raises
    ------
    Refusal
        By nobody of the panel; before the call is closed; a conflict without its reason; or there was one before.
    """
    call = locked_call(letter.call)
    standing, reason = standing_of(by, letter), reason.strip()
    if standing is Standing.STRANGER or not call.is_closed:
        raise Refusal("There is nothing to declare here.", why="You are not on the panel, or the call is still open.")
    if standing is Standing.OWN:
        raise Refusal(f"You are recused: {letter.team} is your own team, or of your organisation.")
    if standing is Standing.COMPETITOR:
        raise Refusal("You are recused: a team of yours, or of your organisation, handed in a letter of its own.")
    if standing is Standing.CONFLICT:
        raise Refusal("You have declared a conflict, and it stays one.")
    if conflict and not reason:
        raise Refusal(
            "Say what the conflict is.", why="The organiser has to be able to understand why you are recused."
        )
    declaration = Declaration.objects.filter(letter=letter, user=by).first() or Declaration(letter=letter, user=by)
    if declaration.pk and not conflict:
        return declaration  # said twice
    declaration.conflict, declaration.reason = conflict, reason if conflict else ""
    declaration.full_clean()
    declaration.save()
    if conflict:
        Review.objects.filter(letter=letter, reviewer=by, locked_at__isnull=True).delete()
        notice_add(
            to=[one for one in organisers().exclude(pk=by.pk) if standing_of(one, letter) not in RECUSED],
            text=f"{by} declared a conflict of interest with {letter.team} and is recused from its letter.",
            link=reverse("awards:run", args=[call.slug]),
        )
    record(
        "conflict.declared",
        f"letter {letter.pk}",
        by=by.pk,
        call=call.slug,
        team=letter.team.slug,
        conflict=conflict,
        # The reason may name people: here it can be proven, not read.
        **({"reason_sha256": text_digest(reason)} if conflict else {}),
    )
    return declaration
