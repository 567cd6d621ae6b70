"""Filling the engine's disk by the root file system, which the grand-challenge contract lets a container write to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evaluator.container.docker_engine import DockerEngine
from evaluator.container.limits import GIB, MIB
from evaluator.errors import FailureClass
from tests.containers.conftest import SECOND, Second
from tests.containers.hostile.harness import SMALL, Gauntlet, Hostile
from tests.containers.submissions import Images

pytestmark = [pytest.mark.containers, SECOND]

FILL = """
import itertools, time
for number in itertools.count():
  try: open(f'/tmp/{number}', 'wb').write(bytes(8 * 2**20))
  except OSError: pass
  time.sleep(0.05)
"""
ROOM = 200 * MIB  # above the floor


@pytest.fixture
def engine(second: Second) -> DockerEngine:
    """On a disk of its own, so that nobody else's is filled."""
    return second.engine


@pytest.fixture
def images(second: Second) -> Images:
    return second.images


def test_who_fills_the_disk_is_killed_at_the_floor_and_the_space_is_given_back(
    gauntlet: Gauntlet, engine: DockerEngine
) -> None:
    gauntlet.good_one_is_right()  # so that all images are there
    free = engine.free_disk_bytes()
    # The disk is memory, and so charged to who writes to it.
    limits = replace(SMALL, memory_bytes=GIB, disk_floor_bytes=free - ROOM)
    result = gauntlet.passes(
        Hostile(
            name="fills the disk by the root file system", script=FILL, ends=FailureClass.OUTPUT_SPACE,
            limits=limits, cases=1, contract="grand-challenge",
        )
    )  # fmt: skip
    assert "filled the disk" in result.cases[0].reason
    assert engine.free_disk_bytes() > free - 16 * MIB
