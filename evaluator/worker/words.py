"""What may be said outside the hospital of why something failed: fixed words, no path, nothing a submission chose."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from evaluator.errors import ClassifiedError, EvaluatorError, FailureClass, HospitalFault
from evaluator.pipeline import failure_of
from evaluator.records import Audit, CaseResult, CohortResult
from evaluator.wire.messages import LONGEST_REASON

SAID = {
    FailureClass.IMAGE_INVALID: "The image cannot be run.",
    FailureClass.START_FAILED: "The container did not start.",
    FailureClass.EXIT_CODE: "The container ended with an error.",
    FailureClass.OUT_OF_MEMORY: "The container used more memory than it may.",
    FailureClass.GPU_OUT_OF_MEMORY: "The container asked for more GPU memory than there is.",
    FailureClass.TIME_LIMIT: "The container did not end within its time.",
    FailureClass.OUTPUT_SPACE: "The container wrote more than it may.",
    FailureClass.OUTPUT_MISSING: "The container did not write this case's output.",
    FailureClass.OUTPUT_INVALID: "The output is not as the contract says.",
    FailureClass.PLATFORM_ERROR: "The evaluation failed there; the hospital's log says why.",
    FailureClass.HOSPITAL_UNREACHABLE: "The hospital could not be reached.",
    FailureClass.HOSPITAL_REFUSED: "The hospital could not carry it out; its log says why.",
    FailureClass.COHORT_CHANGED: "The scans or references are not those that were frozen.",
    FailureClass.CANCELLED: "Cancelled.",
}
AUDITOR_FAILED = "The auditing program failed; the hospital's log says why."
PATH = re.compile(r"(?<![\w/])/[^\s'\",;)\]]+")


class Refusal(HospitalFault):
    """Its sentences are ours and may leave the hospital."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What leaves of an error."""

    failure: FailureClass
    reason: str
    next_step: str = ""


def told(error: Exception) -> Told:
    failure = failure_of(error)
    if isinstance(error, Refusal):
        reason = one_line(" ".join(filter(None, (error.what, error.why))))
        return Told(failure=failure, reason=reason, next_step=one_line(error.next_step))
    return Told(failure=failure, reason=SAID[failure])


def in_fixed_words(result: CohortResult) -> CohortResult:
    """The same numbers; reasons, which may quote what a submission wrote, in the words above."""
    return replace(result, cases=tuple(map(_case, result.cases)), audit=result.audit and _audit(result.audit))


def one_line(text: str) -> str:
    """Short, on one line, and without paths."""
    line = PATH.sub("…", " ".join(text.split()))
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def full(error: Exception) -> str:
    """For the hospital's own log."""
    return str(error) if isinstance(error, EvaluatorError) else f"{type(error).__name__}: {error}"


def expected(error: Exception) -> bool:
    """An error that says all there is to say, without where in the program it arose."""
    return isinstance(error, ClassifiedError)


def _case(case: CaseResult) -> CaseResult:
    return replace(case, reason=SAID[case.failure] if case.failure else "")


def _audit(audit: Audit) -> Audit:
    cases = tuple(replace(case, error=AUDITOR_FAILED if case.error else "") for case in audit.cases)
    return replace(audit, cases=cases)
