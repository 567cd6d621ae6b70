"""The messages. ``Order``s go from the platform to a hospital, ``Report``s back; nothing else passes.

A run is held by its ``lease``, a random token that the platform makes with the order and forgets with its end: a report
that names another one is about something that is over.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from evaluator.errors import FailureClass
from evaluator.records import CaseRecord, SubmissionRecord
from evaluator.results import Results

LONGEST_REASON = 300


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """One of the messages below; a field that is not listed is refused."""


class Allowed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a container of this benchmark may use. A hospital's own limits may be lower and then refuse the run."""

    memory_bytes: int
    case_seconds: float
    start_seconds: float = 30.0
    gpus: int = 0
    gpu_memory_bytes: int = 0


# Orders ---------------------------------------------------------------------------------------------------------------
class RunOrder(Message, frozen=True, tag="run"):
    """Run this submission on this cohort."""

    run: int
    attempt: int
    lease: str
    submission: SubmissionRecord  # its image by config digest
    reference: str  # where the registry has it, by manifest digest; "" where it only comes on a disk
    fingerprint: str  # of the cohort, as it was frozen
    allowed: Allowed


class CancelOrder(Message, frozen=True, tag="cancel"):
    """Stop this run, or do not begin it."""

    run: int
    lease: str
    reason: str


class NullsOrder(Message, frozen=True, tag="nulls"):
    """Score the submissions that look at no scan."""

    lease: str
    fingerprint: str
    organ: str


# Reports --------------------------------------------------------------------------------------------------------------
class Joined(Message, frozen=True, tag="joined"):
    """The first report of a hospital: the key that signs this and all that follow, and the code that it was given."""

    public_key: str
    code: str


class Gpu(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One GPU; with a run, what it used of it."""

    name: str
    memory_bytes: int
    peak_memory_bytes: int | None = None
    utilisation: float | None = None  # mean over the run, 0 to 1


class Presence(Message, frozen=True, tag="presence"):
    """Sent again and again: the worker is there, and what it holds."""

    version: str
    engine: str
    fit: bool  # the doctor found the engine fit for held-out scans
    unfit_why: str = ""
    gpus: tuple[Gpu, ...] = ()
    slots: int = 1  # runs at a time
    paused: bool = False
    approves: bool = False  # every submission waits for the data steward
    cohorts: tuple[str, ...] = ()  # fingerprints
    holds: tuple[str, ...] = ()  # leases it knows and has not ended
    free_bytes: int | None = None


class CohortOffer(Message, frozen=True, tag="cohort"):
    """A cohort that lies here, checked: what is known of its cases, no scan and no reference."""

    name: str
    version: str
    fingerprint: str
    cases: tuple[CaseRecord, ...]
    counts: dict[str, Any]


class Stage(StrEnum):
    """How far a run is at its hospital."""

    APPROVAL = "waiting-for-approval"
    WAITING = "waiting"  # in line there, or the steward paused
    FETCHING = "fetching-image"
    RUNNING = "running"
    SCORING = "scoring"


class Progress(Message, frozen=True, tag="progress"):
    """Also the heartbeat of a run."""

    run: int
    lease: str
    stage: Stage
    cases_done: int = 0
    cases_total: int = 0
    seconds_per_case: float | None = None


class Done(Message, frozen=True, tag="done"):
    """Every case is scored."""

    run: int
    lease: str
    results: Results
    gpu: Gpu | None = None


class Failed(Message, frozen=True, tag="failed"):
    """The attempt gave nothing. ``run`` is 0 where the order was for null submissions."""

    run: int
    lease: str
    failure: FailureClass
    reason: str
    next_step: str = ""


class Ended(Message, frozen=True, tag="ended"):
    """It was told to stop, and has stopped: nothing of it runs any more."""

    run: int
    lease: str


class NullsDone(Message, frozen=True, tag="nulls-done"):
    """What the null submissions reach, by kind."""

    lease: str
    results: dict[str, Results]


Order: TypeAlias = RunOrder | CancelOrder | NullsOrder
Report: TypeAlias = Joined | Presence | CohortOffer | Progress | Done | Failed | Ended | NullsDone
ORDERS = "evaluator-order/1"
REPORTS = "evaluator-report/1"
