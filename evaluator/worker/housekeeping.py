"""Nothing is left lying: containers that nobody waits for, and what is old."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from evaluator.container.engine import ContainerEngine
from evaluator.container.reaper import left_behind, reap
from evaluator.errors import PlatformFault

LOOK_SECONDS, OFTEN_SECONDS = 60.0, 2.0

logger = logging.getLogger(__name__)


class Housekeeping(threading.Thread):
    """Looks once a minute; where something could not be removed, until the engine answers and it is gone."""

    def __init__(
        self, engine: ContainerEngine, prunes: Sequence[Callable[[], object]], *, stopping: threading.Event
    ) -> None:
        super().__init__(name="housekeeping", daemon=True)
        self._engine, self._prunes, self._stopping = engine, prunes, stopping
        self._look_at = 0.0

    def run(self) -> None:
        while not self._stopping.wait(OFTEN_SECONDS):
            if left_behind or time.monotonic() >= self._look_at:
                self._look_at = time.monotonic() + LOOK_SECONDS
                self._look()

    def _look(self) -> None:
        try:
            reap(self._engine, time.monotonic())
            for prune in self._prunes:
                prune()
        except (PlatformFault, OSError) as error:
            logger.warning("%s", error)


def wait_until_clear(*, stopping: threading.Event, beat: Callable[[], object]) -> None:
    """Return when nothing of ours runs that should not, or when the worker is stopped."""
    while left_behind and not stopping.wait(OFTEN_SECONDS / 2):
        beat()
