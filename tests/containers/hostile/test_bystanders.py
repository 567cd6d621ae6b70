"""A good submission beside a hostile one on the same engine gets its right score, in time."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from operator import attrgetter

import pytest

from evaluator.container.limits import MIB
from evaluator.errors import FailureClass
from tests.containers.hostile.harness import SMALL, Gauntlet, Hostile

pytestmark = pytest.mark.containers

ENDLESS = replace(SMALL, start_seconds=6, case_seconds=6, pids=512)
GOOD_SECONDS = 60.0
PROGRAMS = (
    Hostile(
        name="beside a fork bomb that uses the processor",
        script="while True:\n try: os.fork()\n except OSError: pass",
        ends=FailureClass.TIME_LIMIT, limits=ENDLESS, cases=1,
    ),
    Hostile(
        name="beside children that fill the memory again and again",
        script="while True:\n  if os.fork() == 0: held = bytearray(b'x' * 2**30)\n  os.wait()",
        ends=FailureClass.TIME_LIMIT, limits=ENDLESS, cases=1,
    ),
    Hostile(
        name="beside one that fills and empties output and log",
        script="while True:\n  try: open('/output/x', 'wb').write(b'x' * 2**26)\n"
               "  except OSError: os.remove('/output/x')\n"
               "  print('x' * 1000)",
        ends=FailureClass.TIME_LIMIT, limits=replace(ENDLESS, log_bytes=512 * MIB, file_bytes=512 * MIB), cases=1,
    ),
)  # fmt: skip


@pytest.mark.parametrize("hostile", PROGRAMS, ids=attrgetter("name"))
def test_a_good_submission_at_the_same_time_is_not_disturbed(gauntlet: Gauntlet, hostile: Hostile) -> None:
    failures: list[FailureClass | None] = []
    thread = threading.Thread(target=lambda: failures.extend(case.failure for case in gauntlet.run(hostile).cases))
    thread.start()
    time.sleep(1.5)
    began = time.monotonic()
    gauntlet.good_one_is_right()
    took = time.monotonic() - began
    thread.join()
    assert failures == [FailureClass.TIME_LIMIT]
    assert took < GOOD_SECONDS
    gauntlet.tell(hostile.name, hostile.ends, took)
