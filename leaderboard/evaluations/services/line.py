"""The line of runs: where one takes its place, and the bell that tells a worker to look."""

from __future__ import annotations

from leaderboard.evaluations.models import Run
from leaderboard.lib import bell

EXECUTE = "evaluations.execute"
State = Run.State


def place(run: Run) -> str:
    """The state in which a run takes its place: held-out patients come after the calibration patients."""
    if not run.calibrates and run.evaluation.operating_point is None:
        return State.CALIBRATION
    return State.QUEUED if run.hospital.active else State.WAITING


def ring(run: Run) -> None:
    if run.state == State.QUEUED:
        bell.ring(EXECUTE, run.pk, queue=run.hospital.queue)
