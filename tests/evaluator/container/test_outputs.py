"""Output volumes that are made ahead: taken once, of the right size, and none is left."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from evaluator.container.engine import OutputSpec
from evaluator.container.fake_engine import FakeEngine
from evaluator.container.outputs import Outputs
from evaluator.container.reaper import left_behind
from evaluator.errors import PlatformFault

FIRST = OutputSpec(name="first", owner="1000:1000", bytes=2**20, inodes=10, deadline=time.monotonic() + 300)
SECOND = replace(FIRST, name="second", deadline=FIRST.deadline + 300)


class Breaks(FakeEngine):
    """Makes no output volumes."""

    def make_output(self, spec: OutputSpec) -> None:
        raise PlatformFault("The engine did not make an output volume.")


@pytest.fixture
def engine() -> Iterator[FakeEngine]:
    yield FakeEngine({})
    left_behind.clear()


def names(engine: FakeEngine) -> set[str]:
    return {owned.name for owned in engine.owned()}


def test_the_one_made_ahead_is_taken_once(engine: FakeEngine) -> None:
    with Outputs(engine) as outputs:
        outputs.make_ahead(FIRST)
        outputs.make_ahead(replace(FIRST, name="one too many"))
        assert outputs.take(SECOND) == FIRST
        assert outputs.take(SECOND) == SECOND
        assert names(engine) == {"first", "second"}


def test_one_of_another_size_is_not_taken(engine: FakeEngine) -> None:
    larger = replace(SECOND, bytes=2 * FIRST.bytes)
    with Outputs(engine) as outputs:
        outputs.make_ahead(FIRST)
        assert outputs.take(larger) == larger
        assert names(engine) == {"second"}


def test_one_that_nobody_takes_is_discarded_also_after_a_fault(engine: FakeEngine) -> None:
    def fails() -> None:
        with Outputs(engine) as outputs:
            outputs.make_ahead(FIRST)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert names(engine) == set()


def test_an_engine_that_makes_none_says_so_to_who_takes_it() -> None:
    with Outputs(Breaks({})) as outputs:
        outputs.make_ahead(FIRST)
        with pytest.raises(PlatformFault, match="output volume"):
            outputs.take(SECOND)


class BreaksOnce(FakeEngine):
    """Its first output volume fails half made."""

    failed = False

    def make_output(self, spec: OutputSpec) -> None:
        super().make_output(spec)
        if not self.failed:
            self.failed = True
            raise PlatformFault("The engine did not make an output volume.")


def test_one_that_could_not_be_made_ahead_is_made_when_it_is_needed() -> None:
    engine = BreaksOnce({})
    with Outputs(engine) as outputs:
        outputs.make_ahead(FIRST)
        assert outputs.take(SECOND) == SECOND
        assert names(engine) == {"second"}  # what there was of the first is gone
