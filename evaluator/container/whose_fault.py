"""Why a container ended, and so whose fault it was. The table of the contract, in one place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from evaluator.container.engine import ContainerState, OutputCopy, OutputSpec
from evaluator.container.limits import Limits
from evaluator.errors import FailureClass

GPU_MEMORY = re.compile(rb"CUDA out of memory|OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation")
KILLED, FILE_SIZE_SIGNAL = 128 + 9, 128 + 25
NOT_STARTED = {126: "its entry point cannot be executed", 127: "its entry point was not found"}


class Ending(Enum):
    """By itself, or by our hand and for what."""

    BY_ITSELF = auto()
    TIME_LIMIT = auto()
    LOG_LIMIT = auto()
    DISK_LIMIT = auto()
    CANCELLED = auto()


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A container's failure and the sentence that explains it."""

    failure: FailureClass
    reason: str


def is_full(copy: OutputCopy, spec: OutputSpec) -> bool:
    """Whether the output volume has no room for one more page or file worth naming."""
    return copy.used_bytes >= 0.99 * spec.bytes or copy.entries >= spec.inodes - 1


def judge(
    ending: Ending,
    state: ContainerState,
    *,
    full: bool,
    layer_full: bool,
    log_tail: bytes,
    limits: Limits,
    seconds: float,
) -> Verdict | None:
    """None for a container that ended well. An engine that restarted is found before this is asked."""
    if ending is not Ending.BY_ITSELF:
        return _by_our_hand(ending, limits=limits, seconds=seconds)
    code = state.exit_code
    if code == 0:  # also after a child ran out of memory and was survived
        return None
    if state.oom_killed:
        failure, what = FailureClass.OUT_OF_MEMORY, f"used more than its {limits.memory_bytes:,} bytes of memory"
    elif code in NOT_STARTED:
        failure, what = FailureClass.START_FAILED, f"did not start: {NOT_STARTED[code]}"
    elif code == FILE_SIZE_SIGNAL:
        failure, what = FailureClass.OUTPUT_SPACE, f"wrote a file larger than {limits.file_bytes:,} bytes"
    elif full:
        failure, what = FailureClass.OUTPUT_SPACE, f"filled /output, which holds {limits.output_bytes:,} bytes"
    elif layer_full:
        failure = FailureClass.OUTPUT_SPACE
        what = f"filled its own file system, where it may write {limits.layer_bytes:,} bytes beside /output"
    elif limits.gpus and GPU_MEMORY.search(log_tail):
        failure, what = FailureClass.GPU_OUT_OF_MEMORY, "asked for more GPU memory than there is"
    else:
        failure, what = FailureClass.EXIT_CODE, "failed"
    return Verdict(failure=failure, reason=f"The container {what} (exit code {code}).")


def _by_our_hand(ending: Ending, *, limits: Limits, seconds: float) -> Verdict:
    failure, reason = {
        Ending.TIME_LIMIT: (FailureClass.TIME_LIMIT, f"The container did not end within its {seconds:g} s."),
        Ending.LOG_LIMIT: (FailureClass.OUTPUT_SPACE, f"The container printed more than {limits.log_bytes:,} bytes."),
        Ending.DISK_LIMIT: (FailureClass.OUTPUT_SPACE, "The container filled the disk with files outside /output."),
        Ending.CANCELLED: (FailureClass.CANCELLED, "The run was cancelled."),
    }[ending]
    return Verdict(failure=failure, reason=reason)
