"""Showing a suspect to a reader, taking what the reader says, and taking it back."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.adjudication.models import Decision, Showing, Suspect, state_of
from leaderboard.adjudication.selectors import may_decide
from leaderboard.audit.services import record
from leaderboard.lib.errors import Refusal

logger = logging.getLogger(__name__)

# Who takes longer was away, as far as anybody can tell: it counts as this long, and is marked.
LONGEST = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class Shown:
    suspect: Suspect
    since: Showing


@transaction.atomic
def suspect_show(*, suspect: Suspect, to: User) -> Shown:
    """Start the clock. The page loaded again goes on; who comes back after longer than ``LONGEST`` begins anew."""
    showing, new = Showing.objects.get_or_create(suspect=suspect, by=to)
    if not new and timezone.now() - showing.shown_at > LONGEST:
        showing.shown_at = timezone.now()
        showing.save(update_fields=["shown_at"])
    return Shown(suspect=suspect, since=showing)


@transaction.atomic
def decision_make(*, suspect: Suspect, verdict: str, by: User, reason: str = "") -> Decision:
    """Take a reader's word, once; another word of the same reader takes an undo first.

    Raises
    ------
    Refusal
        The reader cannot have seen the scan, was not shown it, or has decided it, or no such verdict is known.
    """
    suspect = Suspect.objects.select_for_update().get(pk=suspect.pk)
    showing = Showing.objects.filter(suspect=suspect, by=by).first()
    if not may_decide(by, suspect.case.cohort.hospital):
        raise Refusal(
            "Nothing was decided.",
            why="This hospital’s scans never leave its building, so only its data stewards have seen them.",
        )
    if verdict not in Decision.Verdict.values:
        raise Refusal("Nothing was decided.", why="The choices are accept, reject and needs edit.")
    if standing(suspect, by) is not None:
        raise Refusal(f"You have decided {suspect} already.", next_step="Undo that first, if it was meant otherwise.")
    if showing is None:
        raise Refusal(
            "Nothing was decided.",
            why=f"{str(suspect).capitalize()} was not on your screen.",
            next_step="Look at it first; the queue shows one after the other.",
        )
    took = timezone.now() - showing.shown_at
    decision = Decision(
        suspect=suspect,
        by=by,
        verdict=verdict,
        reason=reason.strip(),
        seconds=round(min(took, LONGEST).total_seconds(), 1),
        capped=took > LONGEST,
    )
    decision.full_clean()
    decision.save()
    showing.delete()
    settle(suspect)
    record("suspect.decided", f"suspect {suspect.pk}", by=by.pk, verdict=verdict, seconds=decision.seconds)
    return decision


@transaction.atomic
def decision_undo(*, decision: Decision, by: User) -> Suspect:
    """Take one's own decision back; it stays in the record.

    Raises
    ------
    Refusal
        It is somebody else's, or was undone before.
    """
    suspect = Suspect.objects.select_for_update().get(pk=decision.suspect_id)
    undone = Decision.objects.filter(pk=decision.pk, by=by, undone_at__isnull=True).update(undone_at=timezone.now())
    if not undone:
        raise Refusal("There is nothing of yours to undo.")
    settle(suspect)
    record("suspect.undone", f"suspect {suspect.pk}", by=by.pk, verdict=decision.verdict)
    return suspect


def standing(suspect: Suspect, by: User) -> Decision | None:
    return Decision.objects.filter(suspect=suspect, by=by, undone_at__isnull=True).first()


def settle(suspect: Suspect) -> None:
    verdicts = Decision.objects.filter(suspect=suspect, undone_at__isnull=True).values_list("verdict", flat=True)
    suspect.state = state_of(set(verdicts))
    suspect.save(update_fields=["state"])
