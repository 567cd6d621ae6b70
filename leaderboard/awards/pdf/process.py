"""The process that looks at one PDF: takes it from its standard input, gives up what it does not need, answers."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from evaluator.confinement import Allowance, confine
from leaderboard.awards.pdf.look import look
from leaderboard.awards.pdf.sample import one_page

MEMORY_BYTES = 512 * 1024**2  # beside what the process has before it looks
SECONDS = 15  # of the processor
ANSWER_BYTES = 64 * 1024
TOO_MUCH = 5  # exit code: more memory than a letter can need


def main() -> None:
    data = sys.stdin.buffer.read()
    look(one_page("warm"))  # whatever pypdf loads late is loaded while files may still be read
    own = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    confine(Path.cwd(), Allowance(memory_bytes=own + MEMORY_BYTES, seconds=SECONDS, file_bytes=ANSWER_BYTES))
    try:
        answer = msgspec.json.encode(look(data))
    except MemoryError:
        os._exit(TOO_MUCH)
    sys.stdout.buffer.write(answer)


if __name__ == "__main__":
    main()
