"""Programs that multiply, hide, refuse to end, or want to be somebody else."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

import pytest

from evaluator.container.limits import MIB
from evaluator.errors import FailureClass
from tests.containers.hostile.harness import NOTHING_FOUND, QUICK, SMALL, Gauntlet, Hostile

pytestmark = pytest.mark.containers

ANSWER = "for case in cases: answer(case)\n"
PROGRAMS = (
    Hostile(
        name="fork bomb",
        script="while True:\n try: os.fork()\n except OSError: pass",
        ends=FailureClass.TIME_LIMIT, limits=QUICK, cases=1,
    ),
    Hostile(
        name="fork bomb of threads",
        script="import threading\nwhile True:\n try: threading.Thread(target=time.sleep, args=(999,)).start()\n"
               " except RuntimeError: pass",
        ends=FailureClass.TIME_LIMIT, limits=QUICK, cases=1,
    ),
    Hostile(name="memory hog", script="held = []\nwhile True: held.append(bytearray(os.urandom(1) * 2**23))",
            ends=FailureClass.OUT_OF_MEMORY, cases=1),
    Hostile(
        name="scratch beyond its size",
        script="with open('/tmp/big', 'wb') as file:\n while True: file.write(b'x' * 2**20)",
        ends=FailureClass.EXIT_CODE, limits=replace(SMALL, file_bytes=1024 * MIB), cases=1,
    ),
    Hostile(
        name="memory hog in children that it survives",
        script="for _ in range(3):\n if os.fork() == 0: held = bytearray(b'x' * 2**30)\n"
               "for _ in range(3): os.wait()\n" + ANSWER,
        ends=NOTHING_FOUND,
    ),
    Hostile(
        name="shared memory beyond its half",
        script="with open('/dev/shm/big', 'wb') as file:\n for _ in range(13): file.write(b'x' * 10 * 2**20)",
        ends=FailureClass.EXIT_CODE, limits=replace(SMALL, file_bytes=1024 * MIB), cases=1,
    ),
    Hostile(
        name="ignores every signal it may",
        script="import signal\nfor number in range(1, 32):\n try: signal.signal(number, signal.SIG_IGN)\n"
               " except OSError: pass\nwhile True: time.sleep(1)",
        ends=FailureClass.TIME_LIMIT, limits=QUICK, cases=1,
    ),
    Hostile(name="stops itself", script="import signal\nos.kill(os.getpid(), signal.SIGSTOP)",
            ends=FailureClass.TIME_LIMIT, limits=QUICK, cases=1),
    Hostile(name="kills itself, as if memory had run out", script="os.kill(os.getpid(), 9)",
            ends=FailureClass.EXIT_CODE, cases=1),
    Hostile(name="kills its own init",
            script="import signal\nos.kill(1, signal.SIGKILL)\nos.kill(1, signal.SIGTERM)\ntime.sleep(99)",
            ends=FailureClass.EXIT_CODE, limits=replace(QUICK, case_seconds=10), cases=1),
    Hostile(
        name="a daemon forked twice that outlives its parent",
        script=ANSWER + "if os.fork() == 0:\n os.setsid()\n if os.fork() == 0:\n  while True: time.sleep(1)\n"
                        " os._exit(0)\nos._exit(0)",
        ends=NOTHING_FOUND,
    ),
    Hostile(
        name="becoming root by setuid, capabilities and a setuid program",
        script="import ctypes, shutil, subprocess\nlibc = ctypes.CDLL(None, use_errno=True)\n"
               "def call(*args):\n  if libc.syscall(*args) < 0: raise OSError(ctypes.get_errno(), 'refused')\n"
               "def su():\n  done = subprocess.run(['su', '-c', 'id -u'], stdin=subprocess.DEVNULL,"
               " capture_output=True)\n  if done.stdout.strip() != b'0': raise OSError('refused')\n"
               "def own():\n  shutil.copy('/usr/bin/id', '/tmp/id')\n  os.chmod('/tmp/id', 0o4755)\n"
               "  os.chown('/tmp/id', 0, 0)\n"
               "all_refused(lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]), su, own,"
               " lambda: call(126, ctypes.byref((ctypes.c_uint32 * 2)(0x20080522, 0)),"
               " ctypes.byref((ctypes.c_uint32 * 6)(*[2**32 - 1] * 6))))\nassert os.geteuid() == 1000\n" + ANSWER,
        ends=NOTHING_FOUND,
    ),
    Hostile(name="root as USER runs as another",
            script="assert (os.getuid(), os.getgid()) == (10001, 10001)\nassert os.getgroups() in ([], [10001])\n"
                   "all_refused(lambda: os.setuid(0), lambda: open('/etc/shadow').read(),"
                   " lambda: open('/new', 'w'))\n" + ANSWER,
            ends=NOTHING_FOUND, user=""),
    Hostile(name="root by number as USER runs as another", script="assert os.getuid() == 10001\n" + ANSWER,
            ends=NOTHING_FOUND, user="0:0"),
    Hostile(name="ends well and did nothing", script="pass", ends=FailureClass.OUTPUT_MISSING),
    Hostile(name="crashes on the third case of the cohort",
            script="for case in cases:\n  assert number(case) != 2\n  answer(case)",
            ends=(*NOTHING_FOUND[:2], FailureClass.EXIT_CODE)),
    Hostile(name="crashes on every case", script="sys.exit(3)", ends=FailureClass.EXIT_CODE),
    Hostile(name="drips its answers just under the limit",
            script="for case in cases:\n  time.sleep(1.8)\n  answer(case)",
            ends=NOTHING_FOUND, limits=replace(SMALL, start_seconds=3, case_seconds=2), seconds=30),
    Hostile(name="drips its answers just over the limit",
            script="for case in cases:\n  time.sleep(4)\n  answer(case)",
            ends=FailureClass.TIME_LIMIT, limits=QUICK, cases=1),
)  # fmt: skip


@pytest.mark.parametrize("hostile", PROGRAMS, ids=attrgetter("name"))
def test_it_ends_with_its_class_in_time_leaves_nothing_and_hurts_nobody(gauntlet: Gauntlet, hostile: Hostile) -> None:
    gauntlet.passes(hostile)
