"""A hostile program in one record, and what must be true after it: its end, what is left, that others go on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from evaluator import results
from evaluator.container import labels
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.limits import GIB, MIB, Limits
from evaluator.errors import FailureClass
from evaluator.pipeline import run_cohort
from evaluator.records import CaseResult, CohortResult, SubmissionRecord
from tests.containers.submissions import FOLDER, Images
from tests.tiny_cohorts import write_tiny_cohort

SMALL = Limits(
    memory_bytes=256 * MIB, output_bytes=32 * MIB, output_inodes=1000, file_bytes=16 * MIB, pids=64, cpus=1,
    start_seconds=60,
)  # fmt: skip
QUICK = replace(SMALL, start_seconds=2, case_seconds=1)
SLACK_BYTES = GIB  # others use this machine too
BOUND = 25.0  # seconds, for what is not stopped by a limit of time: starting, scoring and a busy machine

# What most programs here need beside the folder contract: to write any volume, and to be told that they may not.
TOOLS = (
    FOLDER
    + """
def put(case, name, data):
    os.makedirs("/output/" + case["id"], exist_ok=True)
    with open("/output/" + case["id"] + "/" + name, "wb") as file:
        file.write(data)
def say(case, text='{"likelihood": 0.5}'):
    put(case, "prediction.json", text.encode())
def header(case, type=4, bits=16, **fields):
    head = bytearray(gzip.open("/input/" + case["ct"]).read(352))
    struct.pack_into("<hh", head, 70, type, bits)
    for name, (format, place, values) in fields.items():
        struct.pack_into(format, head, place, *values)
    return bytes(head)
def volume(case, voxels, type=4, bits=16, **fields):
    put(case, "lesions.nii.gz", gzip.compress(header(case, type, bits, **fields) + voxels, 1))
VOXELS = 24 * 24 * 12
def all_refused(*attempts):
    for number, attempt in enumerate(attempts):
        try:
            attempt()
        except (OSError, MemoryError):
            continue
        os._exit(70 + number)
"""
)
GOOD = (
    TOOLS
    + """
import array
for case in cases:
    scan = array.array("h", gzip.open("/input/" + case["ct"]).read()[352:])
    found = array.array("h", [-10 < value < 10 for value in scan])
    volume(case, found.tobytes())
    say(case, json.dumps({"likelihood": float(any(found))}))
"""
)


class Score(NamedTuple):
    """What one case scored."""

    likelihood: float
    findings: int
    hits: int
    dice: float | None

    @classmethod
    def of(cls, case: CaseResult) -> Score:
        assert case.likelihood is not None
        dice = case.structures["lesions"].dice
        hits = sum(lesion.hit for lesion in case.lesions)
        return cls(case.likelihood, len(case.findings), hits, None if dice is None else round(dice, 4))


Expected = FailureClass | Score
NOTHING_FOUND = (Score(0.5, 0, 0, 0.0), Score(0.5, 0, 0, None), Score(0.5, 0, 0, 0.0))
RIGHT = (Score(1.0, 1, 1, 1.0), Score(0.0, 0, 0, None), Score(1.0, 1, 1, 1.0))


@dataclass(frozen=True, kw_only=True)
class Hostile:
    """A program, how each of its cases must end (by class, or with that score), and in how many seconds at most."""

    name: str
    script: str
    ends: FailureClass | tuple[Expected, ...]
    seconds: float = BOUND
    limits: Limits = SMALL
    cases: int = 3
    contract: str = "folder"
    user: str = "1000:1000"

    @property
    def expected(self) -> tuple[Expected, ...]:
        return (self.ends,) * self.cases if isinstance(self.ends, FailureClass) else self.ends[: self.cases]


@dataclass(frozen=True, kw_only=True)
class Gauntlet:
    """Runs hostile programs, each followed by a good one."""

    engine: DockerEngine
    images: Images
    folder: Path
    note: Callable[[str, object], None]
    mark: str = field(default_factory=lambda: f"hostile-{uuid.uuid4().hex}")

    def passes(self, hostile: Hostile) -> CohortResult:
        """It ends as its record says, in time, leaves nothing, and a good submission then gets its right score."""
        free = _free(self.engine)
        began = time.monotonic()
        result = self.run(hostile)
        took = time.monotonic() - began
        ended = [case.failure or Score.of(case) for case in result.cases]
        assert ended == list(hostile.expected), [case.reason for case in result.cases]
        assert all(case.reason for case in result.cases if case.failed)
        assert took <= hostile.seconds
        self.leaves_nothing(free)
        self.good_one_is_right()
        self.tell(hostile.name, hostile.ends, took)
        return result

    def tell(self, name: str, ends: object, took: float) -> None:
        """A line for the table in pytest's summary."""
        said = str(ends) if isinstance(ends, FailureClass) else _in_words(ends)
        self.note("row", f"{name:<58} {said:<32} {took:6.1f} s")

    def run(self, hostile: Hostile) -> CohortResult:
        start = TOOLS if hostile.contract == "folder" else "import os\n"
        image = self.images.of(
            start + hostile.script + "\n", user=hostile.user, entrypoint=("python3", "/app.py", self.mark)
        )
        place = self.folder / uuid.uuid4().hex
        return run_cohort(
            engine=self.engine,
            image=image,
            cohort=write_tiny_cohort(place / "cohort", cases=hostile.cases),
            contract=hostile.contract,
            limits=hostile.limits,
            state=self.folder / "state",
            rng=np.random.default_rng(7),
        )

    def good_one_is_right(self) -> None:
        result = self.run(Hostile(name="good", script=GOOD.removeprefix(TOOLS), ends=RIGHT))
        assert [case.failure or Score.of(case) for case in result.cases] == list(RIGHT)

    def leaves_nothing(self, free: tuple[int, int]) -> None:
        """No container, volume, process, folder; memory and disk as before."""
        assert [owned for owned in self.engine.owned() if owned.supervisor == labels.supervisor()] == []
        assert _processes(self.mark) == []
        for part in ("run", "output", "owners"):
            assert list((self.folder / "state" / part).iterdir()) == []
        patience = time.monotonic() + 10
        while any(now < then - SLACK_BYTES for now, then in zip(_free(self.engine), free, strict=True)):
            assert time.monotonic() < patience, (free, _free(self.engine))
            time.sleep(0.2)


def written(result: CohortResult) -> bytes:
    """All that leaves the machine of a run."""
    return results.dump(
        results.Results(
            schema=results.SCHEMA,
            scorer="lesions/1",
            hit_rule="hit/1",
            submission=SubmissionRecord(model="m", image="sha256:0"),
            cohorts=(result,),
        )
    )


def _in_words(ends: object) -> str:
    if not isinstance(ends, tuple):
        return str(ends)
    parts = dict.fromkeys("its right score" if isinstance(end, Score) else str(end) for end in ends)
    return ", ".join(parts)


def _free(engine: DockerEngine) -> tuple[int, int]:
    """Bytes of memory and of the engine's disk."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024, engine.free_disk_bytes()


def _processes(mark: str) -> list[str]:
    """Command lines of the machine's processes that carry the mark; a copy of a process keeps its."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().decode(errors="replace")
        except OSError:
            continue
        if mark in line:
            found.append(line.replace("\0", " "))
    return found
