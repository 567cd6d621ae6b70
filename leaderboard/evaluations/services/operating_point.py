"""The operating point of an evaluation: frozen once, before its first run on held-out patients."""

from __future__ import annotations

import logging
from typing import Any

from django.utils import timezone

from evaluator import results as wire
from evaluator.errors import PlatformFault
from evaluator.statistics.locking import lock_operating_point
from evaluator.statistics.operating_point import OperatingPoint, submission_threshold
from leaderboard.audit.services import record
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.evaluations.selectors import read_results
from leaderboard.evaluations.services.line import ring, take_place
from leaderboard.lib.leases import next_ring
from leaderboard.submissions.models import Submission

logger = logging.getLogger(__name__)


def declared(submission: Submission) -> dict[str, Any]:
    """What an evaluation without calibration patients begins with: the submission's own threshold, frozen now."""
    return frozen(submission_threshold(submission.threshold))


def frozen(point: OperatingPoint) -> dict[str, Any]:
    said = {**wire.to_builtins(point), "sentence": point.sentence}
    return {"operating_point": said, "locked_at": timezone.now()}


def operating_point_lock(*, evaluation_id: int) -> bool:
    """Freeze it, if every calibration run is done, and let the held-out runs into their lines; within a transaction."""
    evaluation = Evaluation.objects.select_for_update().get(pk=evaluation_id)
    calibration = evaluation.runs.filter(calibrates=True)
    if evaluation.operating_point is not None or calibration.exclude(state=Run.State.DONE).exists():
        return False
    benchmark = evaluation.submission.benchmark
    rows = CohortResult.objects.filter(run__in=calibration).order_by("run__hospital__name", "run__cohort")
    point = lock_operating_point(
        [read_results(row) for row in rows],
        alpha=benchmark.false_alarm_share,
        confident=benchmark.confident,
    )
    if point.threshold is None:
        raise PlatformFault(point.sentence, next_step="Add calibration patients to the benchmark.")
    for name, value in frozen(point).items():
        setattr(evaluation, name, value)
    evaluation.save(update_fields=["operating_point", "locked_at"])
    logger.info("evaluation %s: %s", evaluation.pk, point.sentence)
    let_in(evaluation)
    record("evaluation.operating-point-frozen", f"evaluation {evaluation.pk}", threshold=point.threshold)
    return True


def let_in(evaluation: Evaluation) -> None:
    for run in evaluation.runs.filter(state=Run.State.CALIBRATION).select_related("hospital__enrolment", "evaluation"):
        take_place(run)
        run.state_since, run.ring_at = timezone.now(), next_ring()
        run.save(update_fields=["state", "state_since", "ring_at", "reason"])
        ring(run)
