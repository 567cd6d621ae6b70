"""What a hospital's data steward lets run there. The platform sends nothing that was refused, or not yet approved."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import organisers
from leaderboard.audit.services import record
from leaderboard.evaluations.models import Permission, Run
from leaderboard.evaluations.services.dispatch import run_requeue
from leaderboard.evaluations.services.line import line_update
from leaderboard.evaluations.services.orders import cancel_send
from leaderboard.evaluations.services.settle import FREE, REFUSED, evaluation_settle
from leaderboard.hospitals.models import Hospital
from leaderboard.hospitals.selectors import is_steward
from leaderboard.lib.errors import Refusal
from leaderboard.notices.services import notice_add
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)

State = Run.State


@transaction.atomic
def submission_approve(*, hospital: Hospital, submission: Submission, by: User) -> Permission:
    """It may run there from now on. What had failed because it was refused stands in line again.

    Raises
    ------
    Refusal
        The person is no data steward of the hospital, or the submission does not come there.
    """
    permission = decide(hospital, submission, granted=True, reason="", by=by)
    refused = runs_of(hospital, submission).filter(state=State.FAILED, failure=REFUSED["failure"])
    if submission.state == Submission.State.ACCEPTED:
        for run in refused.select_related("evaluation__submission", "hospital"):
            run_requeue(run=run, by=by)
    line_update(hospital)
    record("submission.approved", f"hospital {hospital.slug}", by=by.pk, submission=str(submission.pk))
    return permission


@transaction.atomic
def submission_refuse(*, hospital: Hospital, submission: Submission, reason: str, by: User) -> Permission:
    """It does not run there: what is in line has failed as refused by the hospital, what runs is stopped.

    Raises
    ------
    Refusal
        The person is no data steward of the hospital, or the submission does not come there.
    """
    permission = decide(hospital, submission, granted=False, reason=reason.strip()[:300], by=by)
    for run in runs_of(hospital, submission).filter(state__in=Run.OPEN).select_for_update(of=("self",)):
        take_out(run)
    why = f": {permission.reason}" if permission.reason else "."
    notice_add(
        to=organisers(),
        text=f"{hospital} refused “{submission.model}” of {submission.team}{why}",
        link=reverse("evaluations:submission", args=[submission.pk]),
    )
    details = {"submission": str(submission.pk), "reason": permission.reason}
    record("submission.refused-by-hospital", f"hospital {hospital.slug}", by=by.pk, **details)
    return permission


def decide(hospital: Hospital, submission: Submission, *, granted: bool, reason: str, by: User) -> Permission:
    if not is_steward(by, hospital):
        raise Refusal(
            f"You are no data steward of {hospital}.",
            why="What runs on its scans is decided by the hospital, and by nobody for it.",
            next_step="Ask one of its data stewards.",
        )
    if not runs_of(hospital, submission).exists():
        raise Refusal(f"{submission.model} has no run at {hospital}.", next_step="Look at the desk again.")
    permission, _ = Permission.objects.update_or_create(
        hospital=hospital,
        submission=submission,
        defaults={"granted": granted, "reason": reason, "by": by, "at": timezone.now()},
    )
    permission.full_clean()
    logger.info("submission %s %s at hospital %s by user %s", submission.pk, granted, hospital.slug, by.pk)
    return permission


def runs_of(hospital: Hospital, submission: Submission) -> QuerySet[Run]:
    return Run.objects.filter(hospital=hospital, evaluation__submission=submission)


def take_out(run: Run) -> None:
    """As a cancelled run is, but that its hospital refused it."""
    token, now = run.order_token, timezone.now()
    rows = Run.objects.filter(pk=run.pk)
    ended = {"state": State.FAILED, "state_since": now, "finished": now, "next_attempt_at": None, **REFUSED, **FREE}
    if not rows.filter(state__in=Run.IN_LINE).update(**ended):
        rows.filter(state__in=Run.HELD).update(cancel_requested=True)
    if token is not None:
        cancel_send(hospital_id=run.hospital_id, run_pk=run.pk, token=token, reason=REFUSED["reason"])
    evaluation_settle(run.evaluation_id)


@transaction.atomic
def refusals_reconcile() -> None:
    """A run that came back into line (its worker was lost) after its hospital had refused it."""
    refused = Permission.objects.filter(
        hospital=OuterRef("hospital"), submission=OuterRef("evaluation__submission"), granted=False
    )
    for run in Run.objects.filter(Exists(refused), state__in=Run.IN_LINE).select_for_update(of=("self",)):
        take_out(run)
