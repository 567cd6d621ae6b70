"""How a check or a try-out ends. Each ending counts only for the worker that still holds the row."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from evaluator.errors import ClassifiedError, EvaluatorError, FailureClass, Fault
from leaderboard.audit.services import record
from leaderboard.lib import bell
from leaderboard.lib.leases import RELEASED, next_ring, retry_at
from leaderboard.notices.services import notice_add
from leaderboard.submissions.models import Submission
from leaderboard.submissions.signals import submission_accepted

logger = logging.getLogger(__name__)

CLEAN: dict[str, Any] = {"failure": "", "fault": "", "reason": "", "next_step": "", "next_attempt_at": None}


def _end(pk: UUID, token: UUID, **changes: object) -> bool:
    held = Submission.objects.filter(pk=pk, lease_token=token)
    return bool(held.update(state_since=timezone.now(), **RELEASED, **changes))


@transaction.atomic
def passed_on(pk: UUID, token: UUID, *, image: str, checks: list[dict[str, Any]], scan_report: str) -> None:
    """Checked: it stands in line for its try-out."""
    state = Submission.State.TRYING_OUT
    told = {"image": image, "checks": checks, "scan_report": scan_report}
    if _end(pk, token, state=state, attempt=0, ring_at=next_ring(), **told, **CLEAN):
        logger.info("submission %s checked: image %s", pk, image)
        bell.ring("submissions.try_out", pk)


@transaction.atomic
def accept(pk: UUID, token: UUID, **changes: object) -> None:
    state = Submission.State.ACCEPTED
    if _end(pk, token, state=state, accepted_at=timezone.now(), **CLEAN, **changes):
        logger.info("submission %s accepted", pk)
        tell(pk, "was accepted; it goes to the hospitals now.")
        submission_accepted.send(sender=Submission, submission_id=pk)
        if settings.REGISTRY_URL:
            bell.ring("submissions.push", pk)
        record("submission.accepted", f"submission {pk}")


@transaction.atomic
def refuse(pk: UUID, token: UUID, *, failure: FailureClass, reason: str, next_step: str, **changes: object) -> None:
    ended = _end(
        pk,
        token,
        state=Submission.State.REFUSED,
        failure=failure.value,
        fault=failure.fault.value,
        reason=reason,
        next_step=next_step,
        **changes,
    )
    if ended:
        logger.info("submission %s refused: %s, %s", pk, failure.value, reason)
        tell(pk, f"was refused: {reason}")
        record("submission.refused", f"submission {pk}", failure=failure.value)


def tell(pk: UUID, news: str) -> None:
    """Its team."""
    submission = Submission.objects.select_related("team").get(pk=pk)
    notice_add(
        to=submission.team.members.all(),
        text=f"“{submission.model}” {news}",
        link=reverse("evaluations:submission", args=[pk]),
    )


def failed(pk: UUID, token: UUID, error: Exception, *, back_to: str, attempt: int) -> None:
    """It ended with an error: the submission's fault refuses it, ours is tried again, and refuses it at last."""
    failure = error.failure if isinstance(error, ClassifiedError) else FailureClass.PLATFORM_ERROR
    reason, next_step = "The platform made an error.", ""
    if isinstance(error, EvaluatorError):
        reason = " ".join(part for part in (error.what, error.why) if part)
        next_step = error.next_step
    if failure.fault is Fault.SUBMISSION:
        refuse(pk, token, failure=failure, reason=reason, next_step=next_step)
        return
    logger.error("submission %s: attempt %d failed", pk, attempt, exc_info=error)
    if attempt < settings.MAX_ATTEMPTS:
        when = retry_at(attempt)
        _end(
            pk,
            token,
            state=back_to,
            next_attempt_at=when,
            ring_at=when,
            failure=failure.value,
            fault=failure.fault.value,
            reason=reason,
            next_step="This is not the submission's fault. It is tried again by itself.",
        )
        return
    next_step = "This is not the submission's fault and not charged. The organisers see it; hand it in again later."
    refuse(pk, token, failure=failure, reason=reason, next_step=next_step)
