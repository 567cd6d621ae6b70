"""What can be done with a submission."""

from __future__ import annotations

from leaderboard.submissions.services.check import submission_check
from leaderboard.submissions.services.create import submission_create, submission_draft
from leaderboard.submissions.services.limits import limits_of
from leaderboard.submissions.services.reconcile import submissions_reconcile
from leaderboard.submissions.services.registry import submission_push
from leaderboard.submissions.services.release import submission_release
from leaderboard.submissions.services.starter_kit import starter_kit
from leaderboard.submissions.services.statements import statements_keep
from leaderboard.submissions.services.try_out import submission_try_out
from leaderboard.submissions.services.upload import (
    Checksum,
    Elsewhere,
    Garbled,
    upload_append,
    upload_begin,
    upload_end,
    uploads_expire,
)
from leaderboard.submissions.services.versions import submission_follow
from leaderboard.submissions.services.withdraw import submission_withdraw

__all__ = [
    "Checksum",
    "Elsewhere",
    "Garbled",
    "limits_of",
    "starter_kit",
    "statements_keep",
    "submission_check",
    "submission_create",
    "submission_draft",
    "submission_follow",
    "submission_push",
    "submission_release",
    "submission_try_out",
    "submission_withdraw",
    "submissions_reconcile",
    "upload_append",
    "upload_begin",
    "upload_end",
    "uploads_expire",
]
