"""A few at a time: what takes much memory or computing waits for its turn, over all processes of this machine."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import data_folder

LOOK_AGAIN = 0.1  # seconds


class Busy(Refusal):
    """No turn came in time."""

    status = 503


@contextmanager
def turn(name: str, *, at_once: int, patience: float, otherwise: Busy) -> Iterator[None]:
    """One of ``at_once`` places. A lock goes with the process that holds it, however that ends.

    Raises
    ------
    Busy
        ``otherwise``: all were taken for ``patience`` seconds.
    """
    until = time.monotonic() + patience
    with ExitStack() as held:
        while not any(_taken(name, place, held) for place in range(at_once)):
            if time.monotonic() > until:
                raise otherwise
            time.sleep(LOOK_AGAIN)
        yield


def _taken(name: str, place: int, held: ExitStack) -> bool:
    file = (data_folder("turns") / f"{name}-{place}").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return False
    held.enter_context(file)
    return True
