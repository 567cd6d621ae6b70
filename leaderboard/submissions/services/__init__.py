"""What can be done with a submission."""

from __future__ import annotations

from leaderboard.submissions.services.check import submission_check
from leaderboard.submissions.services.create import submission_create
from leaderboard.submissions.services.reconcile import submissions_reconcile
from leaderboard.submissions.services.try_out import submission_try_out
from leaderboard.submissions.services.withdraw import submission_withdraw

__all__ = [
    "submission_check",
    "submission_create",
    "submission_try_out",
    "submission_withdraw",
    "submissions_reconcile",
]
