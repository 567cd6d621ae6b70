"""The process that opens what a container wrote: waits for requests, and reads each in a confined child of its own.

It is started by `OutputReader` as a program. It never touches hostile bytes itself: they are its children's.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import numpy as np

from evaluator.confinement import Allowance, confine
from evaluator.contract import get_contract
from evaluator.contract.contract import WrittenOutput
from evaluator.errors import FailureClass, OutputRefused
from evaluator.records import Grid, Prediction, Volume

ANSWER, LESIONS, ORGANS = "answer.json", "lesions.raw", "organs.raw"
LONGEST_SENTENCE = 500
LONGEST_TRACE = 4000
PIECE = 2**20
READ, NO_ROOM, BROKE, MEMORY = 0, 3, 4, 5  # how a child ended; anything else is a crash


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One case to be read. ``result`` is a private folder for the answer."""

    contract: str
    case: str
    folder: str
    refused: dict[str, str]
    result: str
    shape: tuple[int, int, int]
    affine: tuple[tuple[float, float, float, float], ...]
    json_bytes: int
    memory_bytes: int  # beyond what the process has before it reads
    seconds: int
    patience: float


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How the child ended: its exit code, minus the signal that ended it, or None where it was killed for time.

    ``seconds`` are those that it took of the processor.
    """

    code: int | None
    seconds: float


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    failure: FailureClass
    what: str
    why: str
    next_step: str


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What was read; the voxels lie beside it. ``lesions`` and ``organs`` are their types, such as "|u1"."""

    refusal: Refusal | None = None
    trace: str = ""
    name: str = ""
    likelihood: float | None = None
    confidences: dict[int, float] | None = None
    lesions: str | None = None
    organs: str | None = None


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Read cases, one after another, until nobody asks any more."""
    decoder = msgspec.json.Decoder(Request)
    for line in requests:
        request = decoder.decode(line)
        child = os.fork()
        if child == 0:
            os._exit(_child(request))
        answers.write(msgspec.json.encode(_wait(child, request.patience)) + b"\n")
        answers.flush()


def _wait(child: int, seconds: float) -> Ended:
    handle = os.pidfd_open(child)
    try:
        in_time = select.select([handle], [], [], seconds)[0]
        if not in_time:
            os.kill(child, 9)
        _, status, used = os.wait4(child, 0)
        code = os.waitstatus_to_exitcode(status) if in_time else None
        return Ended(code=code, seconds=used.ru_utime + used.ru_stime)
    finally:
        os.close(handle)


def _child(request: Request) -> int:
    try:
        return _answered(request, Path(request.result))
    except OSError:  # also where a file is closed: what a full disk did not take is tried once more there
        return NO_ROOM


def _answered(request: Request, result: Path) -> int:
    with (
        (result / ANSWER).open("xb") as answer,
        (result / LESIONS).open("xb") as lesions,
        (result / ORGANS).open("xb") as organs,
    ):
        _close_all_but(answer, lesions, organs)
        confine(Path(request.folder), _allowance(request))
        try:
            prediction = _read(request)
        except OutputRefused as error:
            return _say(answer, Answer(refusal=_refusal(error)))
        except MemoryError:
            return MEMORY
        except Exception:  # whatever it is, these bytes did it
            _say(answer, Answer(trace=traceback.format_exc()[-LONGEST_TRACE:]))
            return BROKE
        try:
            return _hand_over(prediction, answer, lesions, organs)
        except MemoryError:
            return MEMORY


def _allowance(request: Request) -> Allowance:
    x, y, z = request.shape
    return Allowance(
        memory_bytes=_own_memory() + request.memory_bytes,
        seconds=request.seconds,
        file_bytes=max(8 * x * y * z, 4 * request.json_bytes + PIECE),
    )


def _close_all_but(*files: BinaryIO) -> None:
    with Path(os.devnull).open("r+b") as nothing:
        for number in range(3):
            os.dup2(nothing.fileno(), number)
    keep = sorted(file.fileno() for file in files)
    for low, high in zip([2, *keep], [*keep, os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(low + 1, high)


def _own_memory() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _read(request: Request) -> Prediction:
    return get_contract(request.contract).read(
        WrittenOutput(folder=Path(request.folder), refused=request.refused),
        request.case,
        grid=Grid(request.shape, np.array(request.affine, dtype=np.float64)),
        json_bytes=request.json_bytes,
    )


def _hand_over(prediction: Prediction, answer: BinaryIO, lesions: BinaryIO, organs: BinaryIO) -> int:
    _write_voxels(prediction.lesions, lesions)
    if prediction.organs is not None:
        _write_voxels(prediction.organs, organs)
    return _say(
        answer,
        Answer(
            name=prediction.name,
            likelihood=prediction.likelihood,
            confidences=prediction.confidences,
            lesions=prediction.lesions.data.dtype.str,
            organs=None if prediction.organs is None else prediction.organs.data.dtype.str,
        ),
    )


def _write_voxels(volume: Volume, file: BinaryIO) -> None:
    """In Fortran order; pieces of nothing but zeros become holes, so that an empty mask costs no disk."""
    voxels = np.asfortranarray(volume.data).reshape(-1, order="F").view(np.uint8).data
    nothing = bytes(PIECE)
    for start in range(0, len(voxels), PIECE):
        piece = voxels[start : start + PIECE]
        if piece != nothing[: len(piece)]:
            file.seek(start)
            file.write(piece)
    file.truncate(len(voxels))


def _say(file: BinaryIO, answer: Answer) -> int:
    file.write(msgspec.json.encode(answer))
    file.flush()
    return READ


def _refusal(error: OutputRefused) -> Refusal:
    what, why, next_step = (text[:LONGEST_SENTENCE] for text in (error.what, error.why, error.next_step))
    return Refusal(failure=error.failure, what=what, why=why, next_step=next_step)


def _main() -> None:
    stdin: Any = sys.stdin.buffer
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        serve(stdin, sys.stdout.buffer)


if __name__ == "__main__":
    _main()
