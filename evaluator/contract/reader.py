"""Has outputs read by a process that has no network, no secrets and little memory, and believes little of its answer.

What breaks that process is the output's fault: the case is ``output-invalid``, and the worker goes on. Who ends it from
outside, as a machine does that runs out of memory, does so to no output in particular: the run is tried again.
"""

from __future__ import annotations

import atexit
import logging
import math
import mmap
import signal
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
import numpy as np

from evaluator.confinement import ENVIRONMENT, python_command
from evaluator.contract.contract import Contract, WrittenOutput
from evaluator.contract.reading import require_lesions, require_organs, require_probability
from evaluator.contract.reading_process import (
    ANSWER,
    BROKE,
    LESIONS,
    MEMORY,
    NO_ROOM,
    ORGANS,
    READ,
    Answer,
    Ended,
    Request,
)
from evaluator.errors import FailureClass, OutputRefused, PlatformFault
from evaluator.learnt import learn
from evaluator.records import Grid, Prediction, Volume

learn(Ended, Answer)


logger = logging.getLogger(__name__)

PROCESS = "evaluator.contract.reading_process"
SPARE_BYTES = 256 * 1024**2
BYTES_PER_VOXEL = 64  # two volumes of eight bytes, each in up to four copies while it is scaled and turned
SECONDS, VOXELS_PER_SECOND = 20, 2_000_000  # thirty times what an honest case takes
PATIENCE = 4.0  # times as long on the clock as on the processor: others use the machine too
LARGEST_ANSWER = 8 * 1024**2
# No process can send itself one of these once it is confined; SIGKILL also ends who goes on beyond its time.
FROM_OUTSIDE = frozenset({-signal.SIGKILL, -signal.SIGTERM, -signal.SIGHUP, -signal.SIGINT, -signal.SIGQUIT})
TYPES = frozenset({"|u1", "|i1", *(f"<{kind}{size}" for kind in "iu" for size in (2, 4, 8)), "<f2", "<f4", "<f8"})


class OutputReader:
    """Reads outputs in processes of its own; several threads may ask. They end with the ``with`` block.

    Parameters
    ----------
    seconds : int
        Of the processor, for any case; its voxels add to it.
    spare_bytes : int
        Of memory, beside what its voxels need.
    """

    def __init__(self, *, seconds: int = SECONDS, spare_bytes: int = SPARE_BYTES) -> None:
        self._seconds, self._spare_bytes = seconds, spare_bytes
        self._idle: list[subprocess.Popen[bytes]] = []

    def read(self, contract: Contract, output: WrittenOutput, case: str, *, grid: Grid, json_bytes: int) -> Prediction:
        """One case's prediction, as the contract reads it.

        Parameters
        ----------
        contract : Contract
            What the files must be like.
        output : WrittenOutput
            What was copied out of the container.
        case : str
            The case's random name.
        grid : Grid
            The CT's.
        json_bytes : int
            The largest JSON document that is read.

        Returns
        -------
        Prediction
            Its arrays are mapped from files that are gone; whoever writes to them changes their own copy.

        Raises
        ------
        OutputRefused
            The output is not as the contract says, or it broke the process that read it.
        PlatformFault
            The process could not be started, its answer not be kept, or somebody else ended it.
        """
        voxels = math.prod(grid.shape)
        with tempfile.TemporaryDirectory(prefix="read-", dir=output.folder) as result:
            seconds = self._seconds + voxels // VOXELS_PER_SECOND
            request = Request(
                contract=contract.name,
                case=case,
                folder=str(output.folder),
                refused=dict(output.refused),
                result=result,
                shape=grid.shape,
                affine=tuple(tuple(row) for row in grid.affine.tolist()),
                json_bytes=json_bytes,
                memory_bytes=self._spare_bytes + BYTES_PER_VOXEL * voxels,
                seconds=seconds,
                patience=PATIENCE * seconds,
            )
            answer = _answer(Path(result), self._ask(request), allowed=seconds)
            return _prediction(Path(result), answer, grid)

    def _ask(self, request: Request) -> Ended:
        try:
            process = self._idle.pop()
        except IndexError:
            process = _start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
            ended = msgspec.json.decode(process.stdout.readline(), type=Ended)
        except BaseException as error:
            _stop(process)
            if isinstance(error, OSError | msgspec.DecodeError):
                raise PlatformFault(
                    "The process that reads outputs ended.", why=f"Its exit code is {process.returncode}."
                ) from error
            raise
        self._idle.append(process)
        return ended

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        while self._idle:
            _stop(self._idle.pop())


@cache
def shared_reader() -> OutputReader:
    """The reader of this process's runs. Its waiting processes, which see no output, end when this one does."""
    found = OutputReader()
    atexit.register(found.__exit__, None, None, None)
    return found


def _start() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            python_command(PROCESS),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # what hostile bytes make a library print is not for the worker's log
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise PlatformFault("The process that reads outputs did not start.", why=str(error)) from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Its child, if any, ends with it."""
    process.kill()
    process.communicate()


def _answer(result: Path, ended: Ended, *, allowed: int) -> Answer:
    """The child's answer, or whose fault it is that there is none."""
    code, late = ended.code, ended.seconds >= allowed
    if code == NO_ROOM:
        raise PlatformFault("What was read of an output could not be kept.", why="The disk of the worker is full.")
    if code in FROM_OUTSIDE and not late:
        raise PlatformFault(
            "The process that reads outputs was ended from outside.",
            why="It had reached none of its limits: the machine ran out of memory, or somebody ended it.",
            next_step="See the kernel's log (`dmesg`), and give the worker more memory or fewer neighbours.",
        )
    path = result / ANSWER
    if code == READ and path.stat().st_size <= LARGEST_ANSWER:
        try:
            answer = msgspec.json.decode(path.read_bytes(), type=Answer)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _broken("gave an answer that is none") from error
        if answer.refusal is None:
            return answer
        said = answer.refusal
        raise OutputRefused(said.what, failure=_of_outputs(said.failure), why=said.why, next_step=said.next_step)
    if code == BROKE:
        logger.warning("reading an output broke down: %s", path.read_bytes()[:LARGEST_ANSWER])
    raise _broken(_how_it_ended(code, late=late))


def _how_it_ended(code: int | None, *, late: bool) -> str:
    if code is None or code == -signal.SIGXCPU or (code == -signal.SIGKILL and late):
        return "did not come to an end in time"
    if code == MEMORY:
        return "needed more memory than such a case can need"
    return f"was ended by signal {-code}" if code < 0 else "broke down"


def _of_outputs(failure: FailureClass) -> FailureClass:
    return failure if failure is FailureClass.OUTPUT_MISSING else FailureClass.OUTPUT_INVALID


def _broken(how: str) -> OutputRefused:
    return OutputRefused(
        "This case's output could not be read.",
        why=f"The process that read it {how}.",
        next_step="Write the files as the contract says, with a usual library.",
    )


def _prediction(result: Path, answer: Answer, grid: Grid) -> Prediction:
    """The answer, with every value looked at once more: what read hostile bytes is not believed."""
    lesions = _voxels(result / LESIONS, answer.lesions, grid)
    if lesions is None:
        raise _broken("gave no lesions")
    organs = _voxels(result / ORGANS, answer.organs, grid)
    for value in (answer.likelihood, *(answer.confidences or {}).values()):
        if value is not None:
            require_probability(value, "A likelihood")
    return Prediction(
        name=answer.name,
        lesions=require_lesions(lesions, answer.name),
        confidences=answer.confidences,
        likelihood=answer.likelihood,
        organs=None if organs is None else require_organs(organs, "The organs"),
    )


def _voxels(path: Path, kind: str | None, grid: Grid) -> Volume | None:
    if kind is None:
        return None
    if kind not in TYPES or path.stat().st_size != math.prod(grid.shape) * np.dtype(kind).itemsize:
        raise _broken("gave voxels of another number or type")
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    return Volume(np.frombuffer(mapped, dtype=kind).reshape(grid.shape, order="F"), grid)
