"""Programs that want to carry scans out, or to tell of them: by log, by names, by exit code, by time."""

from __future__ import annotations

import logging
from dataclasses import replace
from operator import attrgetter

import pytest

from evaluator.errors import FailureClass
from tests.containers.hostile.harness import NOTHING_FOUND, SMALL, Gauntlet, Hostile, written

pytestmark = pytest.mark.containers

SECRET = "ThePatientsScan"
ANSWER = "for case in cases: answer(case)\n"
MAP = (
    "out = '/output/images/pdac-detection-map/'\nos.makedirs(out)\n"
    "open('/output/pdac-likelihood.json', 'w').write('0.5')\n"
)
PROGRAMS = (
    Hostile(name="prints the scans to its log",
            script="import base64\nfor case in cases:\n  for out in (sys.stdout, sys.stderr):\n"
                   f"    print('{SECRET}', base64.b64encode(open('/input/' + case['ct'], 'rb').read()), file=out)\n"
                   + ANSWER,
            ends=NOTHING_FOUND),
    Hostile(name="prints the scans and fails",
            script=f"print('{SECRET}' * 999, flush=True)\nraise SystemExit('{SECRET}')",
            ends=FailureClass.EXIT_CODE, cases=1),
    Hostile(name="names files in the output by the scans",
            script=ANSWER + f"for case in cases:\n  open('/output/{SECRET}' + case['id'], 'wb')\n"
                            f"  os.makedirs('/output/{SECRET}/' + case['id'])\n"
                            f"  os.symlink('/x', '/output/' + case['id'] + '/{SECRET}')",
            ends=NOTHING_FOUND),
    Hostile(name="says the scans in its JSON",
            script=f"for case in cases:\n  answer(case)\n  say(case, '{{\"{SECRET}\": \"{SECRET}\"}}')",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="says the scans in the description of its NIfTI, which is wrong",
            script=f"for case in cases:\n  say(case)\n  volume(case, b'', text=('<15s', 148, (b'{SECRET}',)),"
                   " type_name=('<4s', 344, (b'nope',)))",
            ends=FailureClass.OUTPUT_INVALID),
    Hostile(name="another contract: names its map by the scans, and it is no image",
            script=MAP + f"open(out + '{SECRET}.mha', 'wb').write(b'{SECRET}')",
            ends=FailureClass.OUTPUT_INVALID, contract="grand-challenge", cases=1),
    Hostile(name="another contract: names its map by the scans, and it is a link",
            script=MAP + f"os.symlink('/etc/passwd', out + '{SECRET}.mha')",
            ends=FailureClass.OUTPUT_INVALID, contract="grand-challenge", cases=1),
    Hostile(name="another contract: two maps",
            script=MAP + f"open(out + '{SECRET}.mha', 'w')\nopen(out + 'b.mha', 'w')",
            ends=FailureClass.OUTPUT_INVALID, contract="grand-challenge", cases=1),
    Hostile(name="sleeps a second for a bit of each scan",
            script="for case in cases:\n  time.sleep(number(case) % 2)\n  answer(case)",
            ends=NOTHING_FOUND, limits=replace(SMALL, start_seconds=4, case_seconds=2)),
    Hostile(name="tells a bit of the scans by its exit code", script="os._exit(40 + number(cases[0]) % 2)",
            ends=FailureClass.EXIT_CODE),
)  # fmt: skip


@pytest.mark.parametrize("hostile", PROGRAMS, ids=attrgetter("name"))
def test_nothing_of_the_scans_is_in_what_leaves_the_machine_nor_in_the_workers_log(
    gauntlet: Gauntlet, hostile: Hostile, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    result = gauntlet.passes(hostile)
    assert SECRET.encode() not in written(result)
    assert SECRET not in caplog.text
    kept = [path for path in (gauntlet.folder / "state").rglob("*") if path.is_file()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes() or SECRET in path.name]


def test_under_the_other_contract_root_as_user_is_refused(gauntlet: Gauntlet) -> None:
    hostile = Hostile(name="root", script="pass", ends=(), contract="grand-challenge", user="", cases=1)
    with pytest.raises(Exception, match="runs as root"):
        gauntlet.run(hostile)
