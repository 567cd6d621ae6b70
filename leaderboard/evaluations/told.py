"""What a team reads of a failure: its class, whose fault it is, what to do; nothing that its program could choose."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.errors import FailureClass
from leaderboard.evaluations.models import Run

AGAIN = "It is tried again by itself; nothing is charged."
# Of runs on held-out scans a team is told the class and nothing that its program could choose, as an exit code.
TOLD = {
    FailureClass.IMAGE_INVALID: (
        "The image could not be run there.",
        "Build it again, run `evaluator validate` on the archive, and hand in the archive that passed.",
    ),
    FailureClass.START_FAILED: (
        "Its container did not start there.",
        "Start it as the contract says: without a network, not as root, and within the time to start.",
    ),
    FailureClass.EXIT_CODE: (
        "Its containers ended with an error there.",
        "Try it on other and larger scans than the sample cases, and let it answer where it stops with an error.",
    ),
    FailureClass.OUT_OF_MEMORY: (
        "It needed more memory than the benchmark gives.",
        "Try it on larger scans with the memory limit of the benchmark; work in patches or in fewer bits.",
    ),
    FailureClass.GPU_OUT_OF_MEMORY: (
        "It needed more of the GPU's memory than there is.",
        "Try it on larger scans with the GPU memory that the benchmark asks for; work in smaller patches or batches.",
    ),
    FailureClass.TIME_LIMIT: (
        "It needed more time than the benchmark gives.",
        "Measure it on larger scans against the seconds a case that the benchmark gives.",
    ),
    FailureClass.OUTPUT_SPACE: (
        "It wrote more than the benchmark allows.",
        "Write masks compressed and nothing beside what the contract names.",
    ),
    FailureClass.OUTPUT_MISSING: (
        "Its outputs were missing.",
        "Write every file that the contract requires for each case, also where nothing is found.",
    ),
    FailureClass.OUTPUT_INVALID: (
        "Its outputs were not as the contract says.",
        "Compare the outputs with the contract: the grid of the CT, numbers from 0 to 1, no NaN, valid JSON.",
    ),
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
