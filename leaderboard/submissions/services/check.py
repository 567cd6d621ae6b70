"""The checks of an image archive, before anything of it is run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from evaluator.container.archive import load_archive, read_archive
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.engine import ContainerEngine
from evaluator.container.scan import ScanReport, scan_archive
from evaluator.errors import ImageRefused
from leaderboard.lib import leases
from leaderboard.lib.files import json_digest
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import LAYERS, address_of, duplicates_of, ranked_already
from leaderboard.submissions.services import settle
from leaderboard.submissions.services.weights import weights_drop, weights_join


def submission_check(*, pk: UUID, engine: ContainerEngine | None = None) -> None:
    """Look at a submission: if it waits for its check, claim it, check it, and say how that ended."""
    row = Submission.objects.filter(pk=pk)
    due = row.filter(Q(next_attempt_at__isnull=True) | Q(next_attempt_at__lte=timezone.now()))
    waiting = due.filter(state=Submission.State.UPLOADED)
    token = leases.claim(waiting, state=Submission.State.CHECKING, attempt=F("attempt") + 1)
    if token is None:
        return
    submission = row.get()
    try:
        with leases.kept(row, token=token):
            digest, checks = look_into(submission, engine or DockerEngine())
            scan = scan_archive(submission.archive_path)
    except ImageRefused as error:
        reason = " ".join(part for part in (error.what, error.why) if part)
        checks = [asdict(check) for check in error.checks]
        settle.refuse(pk, token, failure=error.failure, reason=reason, next_step=error.next_step, checks=checks)
        weights_drop(submission)
    except Exception as error:
        settle.failed(pk, token, error, back_to=Submission.State.UPLOADED, attempt=submission.attempt)
    else:
        settle.passed_on(pk, token, image=digest, checks=checks, scan_report=told(scan))
        weights_drop(submission)


def told(scan: ScanReport | None) -> str:
    if scan is None:
        return ""
    return scan.text if scan.ok else f"{scan.scanner} did not finish. {scan.text}"


def look_into(submission: Submission, engine: ContainerEngine) -> tuple[str, list[dict[str, Any]]]:
    """The image's digest and every check with its outcome. Raises ``ImageRefused`` at the first that fails."""
    added = weights_join(submission)
    report = read_archive(submission.archive_path)
    record = load_archive(engine, submission.archive_path, report)
    checks = added + [asdict(check) for check in report.checks]
    checks.append({"check": "the engine shows the image that was checked", "ok": True, "detail": record.digest})
    checks.append({"check": LAYERS, "ok": True, "detail": json_digest(report.config.diff_ids)})
    submission.image = record.digest
    if earlier := ranked_already(submission):
        raise ImageRefused(
            f"The image is in {submission.benchmark} already: “{earlier.model}” of {earlier.created:%Y-%m-%d}.",
            checks=report.checks,
            why="At the same operating point it gives the same numbers once more.",
            next_step=f"It is at {address_of(earlier)}. To hand it in anew, withdraw that one first. "
            "This one used no quota.",
        )
    if same := duplicates_of(submission).first():
        detail = f"the same image as your “{same.model}” of {same.created:%Y-%m-%d}"
        checks.append({"check": "handed in before", "ok": True, "detail": detail})
    return record.digest, checks
