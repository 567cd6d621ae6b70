"""Weights that came apart from their image become its last layer, in one archive that replaces both."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import uuid4

from evaluator.container.weights import join_weights
from leaderboard.lib import files
from leaderboard.submissions.models import Submission


def weights_join(submission: Submission) -> list[dict[str, Any]]:
    """What was checked of them; empty for an image that came alone. Done again after an interruption, it is the same.

    Raises
    ------
    ImageRefused
        The image or its weights are not acceptable.
    """
    if not submission.weights_path.exists():
        return []
    path = submission.archive_path
    scratch = path.with_name(f".{path.name}.{uuid4().hex}.part")  # who lost the lease may still be writing
    try:
        checks = join_weights(path, submission.weights_path, out=scratch)
        submission.joined_sha256 = files.digested(scratch).sha256
        Submission.objects.filter(pk=submission.pk).update(joined_sha256=submission.joined_sha256)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return [asdict(check) for check in checks]


def weights_drop(submission: Submission) -> None:
    """They are in the image now, or were refused with it."""
    submission.weights_path.unlink(missing_ok=True)
