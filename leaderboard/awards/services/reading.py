"""Has a letter looked at by a process that can do nothing else, and believes little of its answer."""

from __future__ import annotations

import logging
import subprocess
import tempfile

import msgspec

from evaluator.confinement import ENVIRONMENT, python_command
from evaluator.learnt import learn
from leaderboard.awards.pdf.look import MOST_PAGES, Found
from leaderboard.awards.pdf.look import Fault as PdfFault
from leaderboard.awards.pdf.process import ANSWER_BYTES, SECONDS
from leaderboard.lib.errors import Fault, Refusal
from leaderboard.lib.turns import Busy, turn

learn(Found)


logger = logging.getLogger(__name__)

LARGEST_LETTER = 10 * 1000**2
PROCESS = "leaderboard.awards.pdf.process"
PATIENCE = 4 * SECONDS  # on the clock: others use the machine, too
AT_ONCE = 2  # each may have half a gigabyte
NOT_STARTED = 1  # exit code of Python where a module is missing: not the letter's fault
BEGINS, ENDS, TAIL = b"%PDF-", b"%%EOF", 1024
AGAIN = "Print the letter to PDF once more, for example from a browser or a word processor, and hand that in."


def pages_of(data: bytes) -> int:
    """The pages of a PDF that may be taken in.

    Raises
    ------
    Refusal
        It is none, is too large, broken or too complex, or holds what a letter does not need; every fault is named.
    """
    require_a_pdf(data)
    busy = Busy("The machine is busy with others’ files.", next_step="Try again in a minute.")
    with turn("letters", at_once=AT_ONCE, patience=PATIENCE, otherwise=busy):
        found = _looked_at(data)
    if found.faults:
        raise Refusal(
            "This PDF is not taken in.",
            why="A letter is text and pictures to read, and does nothing by itself.",
            next_step=AGAIN,
            faults=[Fault(what=fault.value) for fault in found.faults],
        )
    return found.pages


def require_a_pdf(data: bytes) -> None:
    """What its first and last bytes say, without a look inside."""
    if len(data) > LARGEST_LETTER:
        raise Refusal(
            f"The file is larger than {LARGEST_LETTER // 1000**2} MB.",
            next_step="Make its pictures smaller, then hand it in again.",
        )
    if not data.startswith(BEGINS):
        raise Refusal("The file is no PDF.", why="It does not begin like one.", next_step=AGAIN)
    _, end, after = data[-TAIL:].rpartition(ENDS)
    if not end or after.strip(b"\r\n\t \x00"):
        raise Refusal(
            "The PDF is not whole.", why="It does not end like one, or something follows it.", next_step=AGAIN
        )


def _looked_at(data: bytes) -> Found:
    with tempfile.TemporaryDirectory(prefix="letter-") as folder, tempfile.TemporaryFile() as answer:
        try:
            done = subprocess.run(
                python_command(PROCESS),
                input=data,
                stdout=answer,
                stderr=subprocess.DEVNULL,  # what hostile bytes make a library print is not for our log
                env=ENVIRONMENT,
                cwd=folder,
                timeout=PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise _unreadable("took too long") from error
        answer.seek(0)
        said = answer.read(ANSWER_BYTES + 1)
    if done.returncode:
        logger.warning("the process that looks at letters ended with %d", done.returncode)
        raise _unreadable("failed" if done.returncode == NOT_STARTED else "took too long or too much memory")
    try:
        found = msgspec.json.decode(said, type=Found)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _unreadable("came to no end") from error
    if not found.faults and not 0 < found.pages <= MOST_PAGES:
        return Found(faults=[PdfFault.BROKEN])
    return found


def _unreadable(how: str) -> Refusal:
    return Refusal("The PDF could not be looked at.", why=f"Reading it {how}.", next_step=AGAIN)
