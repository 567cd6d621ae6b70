"""The discussion of a letter, and its decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from evaluator.statistics.goals import Verdict
from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.awards.models import Call, Comment, Decision, Letter
from leaderboard.awards.models.calls import REVIEWS_NEEDED, State
from leaderboard.awards.selectors.calls import may_decide, recused_letters, state_of
from leaderboard.awards.selectors.evidence import verdicts_of
from leaderboard.awards.selectors.judging import is_closed
from leaderboard.awards.selectors.reviews import locked_counts
from leaderboard.awards.selectors.standing import Standing, may_discuss, standing_of
from leaderboard.awards.services.calls import locked_call
from leaderboard.awards.services.letters import page_of
from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import text_digest
from leaderboard.notices.services import notice_add


@transaction.atomic
def comment_add(*, letter: Letter, text: str, by: User) -> Comment:
    """Say something in the discussion. It stays.

    Raises
    ------
    Refusal
        The discussion is not open to this person, or nothing is said.
    """
    _require_in_discussion(letter, by)
    comment = Comment(letter=letter, by=by, text=text.strip())
    if not comment.text:
        raise Refusal("Nothing was written.")
    comment.full_clean()
    comment.save()
    record("comment.added", f"letter {letter.pk}", by=by.pk, sha256=text_digest(comment.text))
    return comment


@transaction.atomic
def decision_make(*, letter: Letter, outcome: str, reason: str, by: User, although: bool = False) -> Decision:
    """Decide on a letter, once. The verdicts of that moment are kept with it, and the team is told.

    ``although``: whoever decides knows what speaks against an award now.

    Raises
    ------
    Refusal
        By who may not; not in discussion; decided before; recused; no reason; more awards than there are; or an award
        against what is measured that is not said to be one.
    """
    call = _require_in_discussion(letter, by)
    if not may_decide(by, call):
        raise Refusal("Organisers and the funder’s representatives on the panel decide.")
    if recused_letters().filter(pk=letter.pk).exists():
        raise Refusal("This letter is recused.", why="The sponsor has a part in it; nothing can be awarded for it.")
    if Decision.objects.filter(letter=letter).exists():
        raise Refusal("This letter is decided.", why="A decision is made once.")
    if not reason.strip():
        raise Refusal("A decision needs its reason.", why="The team reads it, and so does whoever looks back.")
    awarded = outcome == Decision.Outcome.AWARDED
    if awarded and (found := locked_counts([letter])[letter.pk]) < REVIEWS_NEEDED:
        raise Refusal(
            f"This letter has {found} of {REVIEWS_NEEDED} locked reviews that count, and cannot be awarded.",
            why="A reviewer has declared a conflict since, or it could not be reviewed.",
        )
    granted = Decision.objects.filter(letter__call=call, outcome=Decision.Outcome.AWARDED).count()
    if awarded and granted >= call.awards:
        raise Refusal(f"Of this call’s awards ({call.awards}) none is left.")
    evidence: list[dict[str, Any]] = verdicts_of(letter)
    if awarded and not although and (against := doubts(call, evidence)):
        raise Refusal(
            "This award is not what the measurements say.",
            why=" ".join(against),
            next_step="Tick that you award it although you know this, and give your grounds in the reason; or wait.",
        )
    decision = Decision(letter=letter, outcome=outcome, reason=reason.strip(), evidence=evidence, by=by)
    decision.full_clean()
    decision.save()
    text = f"“{call}”, letter of {letter.team}: {decision.get_outcome_display()}. The reason is on the letter’s page."
    notice_add(to=letter.team.members.all(), text=text, link=page_of(letter))
    record(
        "letter.decided",
        f"letter {letter.pk}",
        by=by.pk,
        call=call.slug,
        team=letter.team.slug,
        outcome=outcome,
        reason_sha256=text_digest(decision.reason),
        evidence=evidence,
    )
    return decision


def doubts(call: Call, evidence: Sequence[Mapping[str, Any]]) -> list[str]:
    """What speaks against an award now."""
    found = []
    if not any(one["verdict"] == Verdict.EXCEEDS for one in evidence):
        found.append("No model of the letter is proven to exceed every goal.")
    if open_lists := [one.title for one in call.benchmarks.all() if not is_closed(one)]:
        found.append(f"Finalists of {', '.join(open_lists)} can still be changed, so no verdict there counts yet.")
    return found


def _require_in_discussion(letter: Letter, by: User) -> Call:
    call = locked_call(letter.call)
    letter.refresh_from_db(fields=["withdrawn_at"])
    if letter.withdrawn_at is not None:
        raise Refusal("The letter was withdrawn meanwhile.")
    if standing_of(by, letter) is not Standing.CLEAR:
        raise Refusal("Declare first whether there is a conflict of interest.")
    if state_of(call) is State.DECIDED:
        raise Refusal("Everything in this call is decided.")
    if state_of(call) is not State.DISCUSSION or not may_discuss(by, letter):
        raise Refusal("The discussion is not open to you yet.", next_step="Lock your own review first.")
    return call
