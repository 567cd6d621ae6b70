"""Programs whose answers are hostile, wrong, or too good to be refused: those get exactly the score they deserve."""

from __future__ import annotations

from dataclasses import replace
from operator import attrgetter

import pytest

from evaluator.errors import FailureClass
from tests.containers.hostile.harness import GOOD, NOTHING_FOUND, RIGHT, SMALL, TOOLS, Gauntlet, Hostile, Score

pytestmark = pytest.mark.containers

EACH = "for case in cases:\n  say(case)\n  "
FLOATS = "numbers = struct.pack('<f', {}) + bytes(4 * (VOXELS - 1))\n  volume(case, numbers, 16, 32)"
BLOCK = """
import array
def inside(i, j, k): return 6 <= i < 18 and 6 <= j < 18 and 2 <= k < 10
voxels = array.array("h", [inside(i, j, k) for k in range(12) for j in range(24) for i in range(24)]).tobytes()
for case in cases:
    volume(case, voxels)
    say(case, '{"likelihood": 1}')
"""
# 4³ of 64 voxels in a block of 12 × 12 × 8, and in all 24 × 24 × 12
IN_BLOCK, IN_ALL = round(2 * 64 / (64 + 1152), 4), round(2 * 64 / (64 + 6912), 4)
PROGRAMS = (
    Hostile(name="NaN", script=EACH + FLOATS.format("float('nan')"), ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="infinity", script=EACH + FLOATS.format("float('-inf')"), ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a map above one", script=EACH + FLOATS.format("1.0001"), ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a negative label", script=EACH + "volume(case, struct.pack('<h', -1) + bytes(2 * VOXELS - 2))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a slope of NaN", script=EACH + "volume(case, bytes(2 * VOXELS), slope=('<f', 112, (float('nan'),)))",
            ends=NOTHING_FOUND),
    Hostile(name="a slope that makes infinity of a label",
            script=EACH + "volume(case, b'\\1' * 2 * VOXELS, slope=('<f', 112, (3e38,)))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a grid one slice too short",
            script=EACH + "volume(case, bytes(2 * 24 * 24 * 11), shape=('<4h', 40, (3, 24, 24, 11)))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="axes in the wrong order",
            script=EACH + "volume(case, bytes(2 * VOXELS), shape=('<4h', 40, (3, 12, 24, 24)))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="the right shape a centimetre away",
            script=EACH + "volume(case, bytes(2 * VOXELS), origin=('<f', 292, (10.0,)))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a header of 10^15 voxels",
            script=EACH + "volume(case, b'', shape=('<8h', 40, (4, 32767, 32767, 32767, 29, 1, 1, 1)))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a header of 10^15 voxels along one negative axis",
            script=EACH + "volume(case, b'', shape=('<8h', 40, (3, -32768, 32767, 32767, 1, 1, 1, 1)))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="voxels that begin beyond the end of the file",
            script=EACH + "volume(case, bytes(2 * VOXELS), offset=('<f', 108, (3e38,)))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a gzip bomb of 10 GB behind a right header",
            script=EACH + "bomb = gzip.compress(bytes(2**26)) * 150\n"
                   "  put(case, 'lesions.nii.gz', gzip.compress(header(case)) + bomb)",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a gzip of a quarter of a million empty members",
            script=EACH + "put(case, 'lesions.nii.gz', gzip.compress(b'') * 270000)",
            ends=FailureClass.OUTPUT_INVALID, cases=1),
    Hostile(name="no gzip at all", script=EACH + "put(case, 'lesions.nii.gz', os.urandom(9999))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a gzip cut short", script=EACH + "put(case, 'lesions.nii.gz', gzip.compress(header(case))[:-9])",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a JSON bomb of 100,000 brackets",
            script="for case in cases:\n  answer(case)\n  say(case, '{\"likelihood\": 0.5, \"x\": ' + '[' * 100000"
                   " + ']' * 100000 + '}')",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a JSON number of a million digits",
            script="for case in cases:\n  answer(case)\n  say(case, '{\"likelihood\": 0.5' + '0' * 1000000 + '}')",
            ends=NOTHING_FOUND),
    Hostile(name="a JSON document of 10 MB",
            script="for case in cases:\n  answer(case)\n  say(case, '{\"likelihood\": 0.5, \"x\": \"' + 'y' * 10**7"
                   " + '\"}')",
            ends=FailureClass.OUTPUT_INVALID, cases=1),
    Hostile(name="a likelihood of NaN", script="for case in cases: answer(case, float('nan'))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a likelihood of two", script="for case in cases: answer(case, 2)", ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="thousands of findings in the labels",
            script=EACH + "volume(case, struct.pack(f'<{VOXELS}h', *range(1, VOXELS + 1)))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="a million findings in the list",
            script="for case in cases:\n  answer(case)\n  put(case, 'findings.json', ('[' + ','.join('{\"label\":%d,"
                   "\"confidence\":1}' % n for n in range(1, 300001)) + ']').encode())",
            ends=FailureClass.OUTPUT_INVALID, cases=1),
    Hostile(name="findings that the labels do not have",
            script="for case in cases:\n  answer(case)\n  put(case, 'findings.json', b'[{\"label\":1,"
                   "\"confidence\":1}]')",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="the whole region as one finding", script=BLOCK, ends=(
            Score(1.0, 1, 0, IN_BLOCK), Score(1.0, 1, 0, None), Score(1.0, 1, 0, IN_BLOCK))),
    Hostile(name="a map of ones everywhere",
            script="ones = struct.pack('<f', 1) * VOXELS\nfor case in cases:\n  volume(case, ones, 16, 32)\n"
                   "  say(case, '{\"likelihood\": 1}')",
            ends=(Score(1.0, 1, 0, IN_ALL), Score(1.0, 1, 0, None), Score(1.0, 1, 0, IN_ALL))),
    Hostile(name="the same certain answer for everybody", script="for case in cases: answer(case, 1)",
            ends=tuple(score._replace(likelihood=1.0) for score in NOTHING_FOUND)),
    Hostile(name="the right answers in the wrong order",
            script=GOOD.removeprefix(TOOLS).replace("in cases:", "in reversed(cases):"), ends=RIGHT),
    Hostile(name="answers for cases that nobody asked for",
            script=GOOD.removeprefix(TOOLS) + "\nfor number in range(50):\n  case = {'id': os.urandom(16).hex()}\n"
                   "  say(case)\n  put(case, 'lesions.nii.gz', b'')\n  put({'id': 'case01'}, 'prediction.json', b'{}')",
            ends=RIGHT, limits=replace(SMALL, output_inodes=2000)),
    Hostile(name="answers under the cohort's and another run's case names only",
            script="for number, case in enumerate(cases):\n"
                   "  for name in (f'case0{number}', 'f' * 32, case['id'] + 'x', ' ' + case['id']):\n"
                   "    answer(dict(case, id=name))",
            ends=FailureClass.OUTPUT_MISSING),
    Hostile(name="answers outside the output by way of the name",
            script="for case in cases:\n  answer(case)\n  for up in ('..', '../..', '/output/../output'):\n"
                   "    try: answer(dict(case, id=up + '/x'))\n    except OSError: pass",
            ends=NOTHING_FOUND),
)  # fmt: skip


@pytest.mark.parametrize("hostile", PROGRAMS, ids=attrgetter("name"))
def test_it_is_refused_with_its_class_or_gets_the_score_it_deserves(gauntlet: Gauntlet, hostile: Hostile) -> None:
    gauntlet.passes(hostile)
