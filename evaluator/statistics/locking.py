"""The operating point of one submission, frozen on calibration patients before its first test run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evaluator.errors import FaultLine, TableRefused
from evaluator.results import Results
from evaluator.statistics.operating_point import OperatingPoint, freeze_threshold, submission_threshold
from evaluator.statistics.outcomes import answers

LISTED = 20


def lock_operating_point(calibration: Sequence[Results], *, alpha: float, confident: bool = False) -> OperatingPoint:
    """Freeze a submission's threshold on the calibration patients without cancer.

    Parameters
    ----------
    calibration : sequence of Results
        The submission's results on calibration cohorts, whose patients are in no panel; index scans count.
    alpha, confident : float, bool
        As for `freeze_threshold`.

    Returns
    -------
    OperatingPoint
        Of bare masks 0.5, locked by the submission. A threshold of +∞ (too many scans failed) becomes 1: no likelihood
        is above it, so nobody is flagged.

    Raises
    ------
    UsageError
        ``alpha`` is not strictly between 0 and 1.
    TableRefused
        The results cannot be counted.

    References
    ----------
    `evaluator.statistics.operating_point.freeze_threshold`.
    """
    found = answers(calibration, threshold=0.5)
    patients = [outcome for hospital in found.values() for outcome in hospital.patients]
    if any(outcome.likelihood_source == "mask" for outcome in patients):
        return submission_threshold()
    scores = [outcome.likelihood for outcome in patients if not outcome.case.cancer]
    point = freeze_threshold(scores, alpha=alpha, confident=confident)
    return point if point.threshold is None else replace(point, threshold=min(point.threshold, 1.0))


def check_apart(calibration: Sequence[Results], test: Sequence[Results]) -> None:
    """Refuse a test patient who was calibrated on.

    Parameters
    ----------
    calibration, test : sequence of Results
        Of any submissions.

    Raises
    ------
    TableRefused
        A patient of one hospital is in both.
    """
    both = sorted(_patients(calibration) & _patients(test))
    if both:
        raise TableRefused(
            f"{len(both)} patients were calibrated on and are tested.",
            why="A threshold tuned on the patients it is tested on is exploratory.",
            faults=[FaultLine(what="calibrated on", where=f"{at}, patient {patient}") for at, patient in both[:LISTED]],
            next_step="Leave them out of one of the two.",
        )


def _patients(results: Sequence[Results]) -> set[tuple[str, str]]:
    return {
        (cohort.hospital, case.case.patient) for found in results for cohort in found.cohorts for case in cohort.cases
    }
