"""The contract's table of failure classes, row by row."""

from __future__ import annotations

import pytest

from evaluator.container.engine import ContainerState, OutputCopy, OutputSpec
from evaluator.container.limits import Limits
from evaluator.container.whose_fault import Ending, is_full, judge
from evaluator.errors import FailureClass


def verdict(
    *,
    ending: Ending = Ending.BY_ITSELF,
    code: int = 1,
    oom: bool = False,
    full: bool = False,
    layer_full: bool = False,
    log: bytes = b"",
    gpus: int = 0,
) -> FailureClass | None:
    state = ContainerState(running=False, exit_code=code, oom_killed=oom)
    found = judge(ending, state, full=full, layer_full=layer_full, log_tail=log, limits=Limits(gpus=gpus), seconds=10)
    return found.failure if found else None


def test_exit_code_0_is_no_failure_even_after_a_child_ran_out_of_memory() -> None:
    assert verdict(code=0) is None
    assert verdict(code=0, oom=True) is None


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (1, FailureClass.EXIT_CODE),
        (137, FailureClass.EXIT_CODE),
        (126, FailureClass.START_FAILED),
        (127, FailureClass.START_FAILED),
        (153, FailureClass.OUTPUT_SPACE),
    ],
)
def test_an_exit_code_has_its_class(code: int, failure: FailureClass) -> None:
    assert verdict(code=code) is failure


def test_out_of_memory_needs_the_engines_word() -> None:
    assert verdict(code=137, oom=True) is FailureClass.OUT_OF_MEMORY


def test_a_full_volume_explains_a_failure() -> None:
    assert verdict(full=True) is FailureClass.OUTPUT_SPACE
    assert verdict(code=0, full=True) is None


def test_a_full_layer_explains_a_failure() -> None:
    assert verdict(layer_full=True) is FailureClass.OUTPUT_SPACE
    assert verdict(code=137, oom=True, layer_full=True) is FailureClass.OUT_OF_MEMORY
    assert verdict(code=0, layer_full=True) is None


def test_gpu_memory_is_read_from_the_log_only_where_there_was_a_gpu() -> None:
    log = b"torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB"
    assert verdict(log=log, gpus=1) is FailureClass.GPU_OUT_OF_MEMORY
    assert verdict(log=log, gpus=0) is FailureClass.EXIT_CODE


@pytest.mark.parametrize(
    ("ending", "failure"),
    [
        (Ending.TIME_LIMIT, FailureClass.TIME_LIMIT),
        (Ending.LOG_LIMIT, FailureClass.OUTPUT_SPACE),
        (Ending.DISK_LIMIT, FailureClass.OUTPUT_SPACE),
        (Ending.CANCELLED, FailureClass.CANCELLED),
    ],
)
def test_what_we_killed_is_named_after_why(ending: Ending, failure: FailureClass) -> None:
    assert verdict(ending=ending, code=137, oom=True) is failure


def test_a_volume_is_full_by_bytes_or_by_files() -> None:
    spec = OutputSpec(name="x", owner="1:1", bytes=1000, inodes=10, deadline=0)

    def copy(used: int, entries: int) -> OutputCopy:
        return OutputCopy(copied=(), refused={}, used_bytes=used, entries=entries)

    assert is_full(copy(1000, 1), spec)
    assert is_full(copy(0, 9), spec)
    assert not is_full(copy(900, 5), spec)
