"""What a team reads of a failure: its class, whose fault it is, what to do; nothing that its program could choose."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.errors import FailureClass
from leaderboard.evaluations.models import Run

AGAIN = "It is tried again by itself; nothing is charged."
IMPROVE = "Try the image on the sample cases and on larger scans, with less memory and time than the benchmark gives."
# Of runs on held-out scans a team is told the class and nothing that its program could choose, as an exit code.
TOLD = {
    FailureClass.IMAGE_INVALID: ("The image could not be run there.", IMPROVE),
    FailureClass.START_FAILED: ("Its container did not start there.", IMPROVE),
    FailureClass.EXIT_CODE: ("Its containers ended with an error there.", IMPROVE),
    FailureClass.OUT_OF_MEMORY: ("It needed more memory than the benchmark gives.", IMPROVE),
    FailureClass.GPU_OUT_OF_MEMORY: ("It needed more of the GPU's memory than there is.", IMPROVE),
    FailureClass.TIME_LIMIT: ("It needed more time than the benchmark gives.", IMPROVE),
    FailureClass.OUTPUT_SPACE: ("It wrote more than the benchmark allows.", IMPROVE),
    FailureClass.OUTPUT_MISSING: ("Its outputs were missing.", IMPROVE),
    FailureClass.OUTPUT_INVALID: ("Its outputs were not as the contract says.", IMPROVE),
    FailureClass.PLATFORM_ERROR: ("The platform failed.", AGAIN),
    FailureClass.HOSPITAL_UNREACHABLE: ("The hospital could not be reached.", AGAIN),
    FailureClass.HOSPITAL_REFUSED: ("The hospital does not take runs at present.", AGAIN),
    FailureClass.COHORT_CHANGED: ("The hospital's scans are not those that were frozen.", AGAIN),
    FailureClass.CANCELLED: ("Cancelled.", ""),
}


@dataclass(frozen=True, kw_only=True)
class FailureTold:
    """A failure class, whose fault it is, and what a team reads of it."""

    name: str
    fault: str
    told: str


def failures_told() -> list[FailureTold]:
    return [
        FailureTold(name=failure.value, fault=failure.fault.value, told=f"{what} {next_step}".strip())
        for failure, (what, next_step) in TOLD.items()
    ]


def told_of(run: Run) -> str:
    """What a team learns of a run that failed; organisers see the reason in Operations."""
    if not run.failure:
        return ""
    what, next_step = TOLD[FailureClass(run.failure)]
    if run.failure == FailureClass.HOSPITAL_REFUSED and run.state == Run.State.FAILED:
        what, next_step = "The hospital did not take it.", "Organisers look at it, and nothing is charged."
    elif next_step == AGAIN and run.state == Run.State.FAILED:
        next_step = "It failed at every attempt; organisers look at it, and nothing is charged."
    return f"{what} {next_step}".strip()
