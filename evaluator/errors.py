"""One tree of errors. Each says what happened, why, and what to do next, and knows its exit code.

::

    EvaluatorError
    ├── UsageError          2   the command was asked for something it cannot do
    ├── InputRefused        3   a file, folder or table given to us is not as it must be
    │   ├── VolumeRefused       an image file cannot be read as a volume
    │   │   └── GridMismatch    two volumes do not lie on the same grid
    │   ├── CohortRefused       a hospital's folder has faults; they are listed
    │   ├── TableRefused        a results file or table is dirty; the refusals are listed
    │   └── MessageRefused      what came from the other side is not signed, or not what may be said
    ├── SubmissionFault     4   the submission did it, and is charged for it
    │   ├── ImageRefused        the image archive is not acceptable
    │   └── OutputRefused       what a container wrote is missing or invalid
    ├── PlatformFault       5   we did it; the run is tried again
    └── HospitalFault       6   the hospital's side did it; the run is tried again
        └── CohortChanged       the scans are not the ones that were frozen
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class Fault(StrEnum):
    """Who caused a failure. The platform's and the hospital's are tried again; the submission's is charged."""

    SUBMISSION = "submission"
    PLATFORM = "platform"
    HOSPITAL = "hospital"
    NOBODY = "nobody"


class FailureClass(StrEnum):
    """The fixed list of ways a case, a run or a submission can fail; all a team sees of held-out data."""

    IMAGE_INVALID = "image-invalid"
    START_FAILED = "start-failed"
    EXIT_CODE = "exit-code"
    OUT_OF_MEMORY = "out-of-memory"
    TIME_LIMIT = "time-limit"
    OUTPUT_SPACE = "output-space"
    OUTPUT_MISSING = "output-missing"
    OUTPUT_INVALID = "output-invalid"
    GPU_OUT_OF_MEMORY = "gpu-out-of-memory"
    PLATFORM_ERROR = "platform-error"
    HOSPITAL_UNREACHABLE = "hospital-unreachable"
    HOSPITAL_REFUSED = "hospital-refused"
    COHORT_CHANGED = "cohort-changed"
    CANCELLED = "cancelled"

    @property
    def fault(self) -> Fault:
        if self is FailureClass.PLATFORM_ERROR:
            return Fault.PLATFORM
        if self in (FailureClass.HOSPITAL_UNREACHABLE, FailureClass.HOSPITAL_REFUSED, FailureClass.COHORT_CHANGED):
            return Fault.HOSPITAL
        if self is FailureClass.CANCELLED:
            return Fault.NOBODY
        return Fault.SUBMISSION


@dataclass(frozen=True, kw_only=True)
class FaultLine:
    """One fault found in an input: where it is, what it is, why it matters, what to do."""

    what: str
    where: str
    why: str = ""
    next: str = ""


@dataclass(frozen=True, kw_only=True)
class ArchiveCheck:
    """One line of what was checked before an image is accepted."""

    check: str
    ok: bool
    detail: str = ""


class EvaluatorError(Exception):
    """An error meant for a person.

    Parameters
    ----------
    what : str
        What happened, one sentence.
    why : str, optional
        The cause, one sentence.
    next_step : str, optional
        What the reader can do about it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.next_step) if part)


class UsageError(EvaluatorError):
    exit_code = 2


class InputRefused(EvaluatorError):
    exit_code = 3


class VolumeRefused(InputRefused):
    pass


class GridMismatch(VolumeRefused):
    pass


class CohortRefused(InputRefused):
    """Carries every fault found in the folder, not only the first."""

    def __init__(self, what: str, *, faults: Sequence[FaultLine] = (), why: str = "", next_step: str = "") -> None:
        super().__init__(what, why=why, next_step=next_step)
        self.faults = tuple(faults)


class TableRefused(InputRefused):
    def __init__(self, what: str, *, faults: Sequence[FaultLine] = (), why: str = "", next_step: str = "") -> None:
        super().__init__(what, why=why, next_step=next_step)
        self.faults = tuple(faults)


class MessageRefused(InputRefused):
    pass


class ClassifiedError(EvaluatorError):
    """An error with a failure class: what the team, the organiser and the retry policy go by."""

    default_class: ClassVar[FailureClass]

    def __init__(self, what: str, *, failure: FailureClass | None = None, why: str = "", next_step: str = "") -> None:
        super().__init__(what, why=why, next_step=next_step)
        self.failure = failure or self.default_class

    @property
    def fault(self) -> Fault:
        return self.failure.fault


class SubmissionFault(ClassifiedError):
    exit_code = 4
    default_class = FailureClass.EXIT_CODE


class ImageRefused(SubmissionFault):
    """Carries the checks done so far, the refused one last."""

    default_class = FailureClass.IMAGE_INVALID

    def __init__(self, what: str, *, checks: Sequence[ArchiveCheck] = (), why: str = "", next_step: str = "") -> None:
        super().__init__(what, why=why, next_step=next_step)
        self.checks = tuple(checks)


class OutputRefused(SubmissionFault):
    default_class = FailureClass.OUTPUT_INVALID


class PlatformFault(ClassifiedError):
    exit_code = 5
    default_class = FailureClass.PLATFORM_ERROR


class HospitalFault(ClassifiedError):
    exit_code = 6
    default_class = FailureClass.HOSPITAL_REFUSED


class CohortChanged(HospitalFault):
    default_class = FailureClass.COHORT_CHANGED
