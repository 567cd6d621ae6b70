"""Asking a hospital's data stewards for their word on a submission."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from leaderboard.evaluations.models import Run
from leaderboard.evaluations.services.line import is_approved
from leaderboard.notices.services import notice_add
from leaderboard.submissions.models import Submission


def approval_ask(submission: Submission, runs: Iterable[Run]) -> None:
    """Once for each hospital where every submission has to be approved, and this one is not yet."""
    waiting = {run.hospital_id: run for run in runs if run.hospital.approves}
    for run in waiting.values():
        if not is_approved(run):
            notice_add(
                to=run.hospital.stewards.all(),
                text=f"“{submission.model}” of {submission.team} waits for your approval at {run.hospital}.",
                link=reverse("desk:hospital", args=[run.hospital.slug]),
            )
