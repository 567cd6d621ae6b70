"""What a run's outcome means for whoever keeps it: scored, to be tried again, or failed and how."""

from __future__ import annotations

from evaluator.errors import ClassifiedError, CohortRefused, FailureClass, Fault, PlatformFault
from evaluator.records import CohortResult


def require_answers(result: CohortResult) -> None:
    """A case that failed by our fault or the hospital's is tried again with its run, never scored.

    Raises
    ------
    PlatformFault
        With the failure class of the first such case.
    """
    for case in result.cases:
        if case.failure is not None and case.failure.fault is not Fault.SUBMISSION:
            raise PlatformFault(case.reason or "A case could not be run.", failure=case.failure)


def failure_of(error: Exception) -> FailureClass:
    """The failure class of a run that ended with this error; what nobody foresaw is the platform's."""
    if isinstance(error, ClassifiedError):
        return error.failure
    return FailureClass.COHORT_CHANGED if isinstance(error, CohortRefused) else FailureClass.PLATFORM_ERROR
