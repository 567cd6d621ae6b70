"""Says again and again that the worker is there, and what it holds; at once when that changes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence

import msgspec

from evaluator import __version__
from evaluator.container.engine import ContainerEngine
from evaluator.errors import EvaluatorError
from evaluator.wire import Presence
from evaluator.worker.cohorts import Cohorts
from evaluator.worker.desk import Desk
from evaluator.worker.fitness import Fitness
from evaluator.worker.journal import Journal
from evaluator.worker.outbox import Outbox
from evaluator.worker.work import Slot

LOOK_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Heartbeat(threading.Thread):
    """One ``Presence`` every ``seconds``, and one a second at most where something changed."""

    def __init__(
        self,
        *,
        engine: ContainerEngine,
        slots: Sequence[Slot],
        fitness: Fitness,
        cohorts: Cohorts,
        journal: Journal,
        desk: Desk,
        outbox: Outbox,
        seconds: float,
        stopping: threading.Event,
    ) -> None:
        super().__init__(name="presence", daemon=True)
        self._engine, self._slots, self._fitness = engine, slots, fitness
        self._cohorts, self._journal, self._desk, self._outbox = cohorts, journal, desk, outbox
        self._seconds, self._stopping = seconds, stopping
        self._last: Presence | None = None
        self._next = 0.0

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception:  # a full disk, say: it says so again in a second
                logger.exception("presence could not be told")
            self._stopping.wait(LOOK_SECONDS)

    def look(self) -> None:
        found = self._found()
        if found != self._last or time.monotonic() >= self._next:
            self._outbox.put(msgspec.structs.replace(found, free_bytes=self._free_bytes()))
            self._last, self._next = found, time.monotonic() + self._seconds

    def _found(self) -> Presence:
        wishes, facts = self._desk.wishes(), self._engine.facts()
        return Presence(
            version=__version__,
            engine=f"{facts.version} {facts.runtime}".strip(),
            fit=not self._fitness.why,
            unfit_why=self._fitness.why,
            gpus=tuple(slot.card.facts for slot in self._slots if slot.card),
            slots=len(self._slots),
            paused=wishes.paused,
            approves=wishes.approves,
            cohorts=tuple(sorted(self._cohorts.found())),
            holds=tuple(entry.lease for entry in self._journal.held()),
        )

    def _free_bytes(self) -> int | None:
        try:
            return self._engine.free_disk_bytes()
        except EvaluatorError as error:
            logger.warning("%s", error)
            return None
