"""Programs that fill what can be filled, and leave what is no plain file where a plain file is expected."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

import pytest

from evaluator.container.limits import GIB, MIB
from evaluator.errors import FailureClass
from tests.containers.hostile.harness import NOTHING_FOUND, SMALL, Gauntlet, Hostile

pytestmark = pytest.mark.containers

FLOOD = replace(SMALL, log_bytes=4 * MIB)
HUGE_FILES = replace(SMALL, file_bytes=16 * GIB)
SPOILED = "for case in cases:\n  answer(case)\n  at = '/output/' + case['id'] + '/lesions.nii.gz'\n  os.remove(at)\n  "
PROGRAMS = (
    Hostile(name="fills the output", script="for number in range(9): open(f'/output/{number}', 'wb').write(bytes(12"
            " * 2**20))", ends=FailureClass.OUTPUT_SPACE),
    Hostile(name="fills the output with names", script="for number in range(2000): open(f'/output/{number}', 'wb')",
            ends=FailureClass.OUTPUT_SPACE),
    Hostile(name="fills the output after its answers, which count",
            script="for case in cases: answer(case)\nwith open('/output/big', 'wb') as file:\n  while True:"
                   " file.write(b'x' * 2**20)",
            ends=NOTHING_FOUND),
    Hostile(name="writes one file above the limit of a file",
            script="import signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_DFL)\n"
                   "with open('/tmp/big', 'wb') as file:\n  while True: file.write(b'x' * 2**20)",
            ends=FailureClass.OUTPUT_SPACE, cases=1),
    Hostile(name="floods its log", script="while True: print('x' * 1000)", ends=FailureClass.OUTPUT_SPACE,
            limits=FLOOD, cases=1),
    Hostile(name="floods its log with one endless line of errors",
            script="while True: sys.stderr.write('x' * 100000)", ends=FailureClass.OUTPUT_SPACE, limits=FLOOD, cases=1),
    Hostile(name="links to the scan as its lesions", script=SPOILED + "os.symlink('/input/' + case['ct'], at)",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="links to a file of the machine as its lesions", script=SPOILED + "os.symlink('/etc/shadow', at)",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="links to itself as the mark of completion",
            script="for case in cases:\n  put(case, 'x', b'')\n  at = '/output/' + case['id'] + '/prediction.json'\n"
                   "  os.symlink(at, at)",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="links to a folder as the case's own",
            script="for case in cases: os.symlink('/input/' + case['id'], '/output/' + case['id'])",
            ends=FailureClass.OUTPUT_MISSING),
    Hostile(name="hard links of one file as everybody's lesions",
            script="open('/output/0', 'wb').write(b'x')\n" + SPOILED + "os.link('/output/0', at)",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a pipe that blocks whoever reads, as its lesions", script=SPOILED + "os.mkfifo(at)",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a pipe that blocks whoever reads, as the mark of completion",
            script="for case in cases:\n  put(case, 'x', b'')\n"
                   "  os.mkfifo('/output/' + case['id'] + '/prediction.json')\ntime.sleep(3)",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a socket as its lesions",
            script="import socket\n" + SPOILED + "os.chdir(os.path.dirname(at))\n"
                   "  socket.socket(socket.AF_UNIX).bind('lesions.nii.gz')",
            ends=FailureClass.OUTPUT_MISSING),
    Hostile(name="a folder as its lesions", script=SPOILED + "os.mkdir(at)", ends=FailureClass.OUTPUT_MISSING),
    Hostile(name="a sparse file of 10 GB as its lesions", script=SPOILED + "open(at, 'wb').truncate(10 * 2**30)",
            ends=FailureClass.OUTPUT_INVALID, limits=HUGE_FILES, cases=1),
    Hostile(name="a sparse file of 10 GB as the mark of completion",
            script="for case in cases:\n  put(case, 'x', b'')\n"
                   "  open('/output/' + case['id'] + '/prediction.json', 'wb').truncate(10 * 2**30)\ntime.sleep(3)",
            ends=FailureClass.OUTPUT_INVALID, limits=HUGE_FILES, cases=1),
    Hostile(name="a sparse file of 10 GB that nobody wants, before the answers",
            script="for case in cases: answer(case)\nopen('/output/!', 'wb').truncate(10 * 2**30)",
            ends=FailureClass.OUTPUT_INVALID, limits=HUGE_FILES),
    Hostile(name="folders a thousand deep",
            script="for case in cases: answer(case)\nos.chdir('/output')\nfor _ in range(900):\n  os.mkdir('d' * 200)\n"
                   "  os.chdir('d' * 200)",
            ends=NOTHING_FOUND),
    Hostile(name="files that nobody may open",
            script="for case in cases:\n  answer(case)\n  os.chmod('/output/' + case['id'], 0)\nos.chmod('/output', 0)",
            ends=NOTHING_FOUND),
    Hostile(name="names of control characters and of no encoding",
            script="for case in cases: answer(case)\n"
                   "for name in (b'\\xff\\xfe', b'a\\nb', b'-rf', b'\\x1b[2J', b'..x'):\n"
                   "  open(b'/output/' + name, 'wb')\n  os.makedirs(b'/output/d' + name + b'/prediction.json')",
            ends=NOTHING_FOUND),
)  # fmt: skip


@pytest.mark.parametrize("hostile", PROGRAMS, ids=attrgetter("name"))
def test_it_ends_with_its_class_in_time_and_nothing_of_it_reaches_the_machine(
    gauntlet: Gauntlet, hostile: Hostile
) -> None:
    gauntlet.passes(hostile)
