"""What looks over the pipeline's shoulder at a hospital: tells how far a run is, and asks whether it is to stop."""

from __future__ import annotations

import threading
import time

from evaluator.pipeline import Speed
from evaluator.wire import Progress, RunOrder, Stage
from evaluator.worker.journal import Journal, Stop
from evaluator.worker.outbox import Outbox


class OrderWatcher:
    """The pipeline's ``Watcher`` of one order. ``run`` is None where nobody waits for news, as of null submissions."""

    def __init__(
        self,
        *,
        lease: str,
        run: RunOrder | None,
        journal: Journal,
        outbox: Outbox,
        beat: float,
        stopping: threading.Event,
    ) -> None:
        self._lease, self._run = lease, run
        self._journal, self._outbox = journal, outbox
        self._beat, self._stopping = beat, stopping
        self._stage, self._done, self._total = Stage.WAITING, 0, 0
        self._speed = Speed()
        self._tell_at = 0.0

    @property
    def stop(self) -> Stop | None:
        return self._journal.stop(self._lease)

    def enter(self, stage: Stage) -> None:
        self._stage = stage
        self._tell()

    def case_done(self, done: int, total: int) -> None:
        self._speed.look(done)
        self._done, self._total = done, total
        if total and done >= total and self._stage is Stage.RUNNING:
            self.enter(Stage.SCORING)

    def cancelled(self) -> bool:
        if time.monotonic() >= self._tell_at:
            self._tell()
        return self._stopping.is_set() or self.stop is not None

    def _tell(self) -> None:
        self._tell_at = time.monotonic() + self._beat
        if self._run is None:
            return
        self._outbox.put(
            Progress(
                run=self._run.run,
                lease=self._lease,
                stage=self._stage,
                cases_done=self._done,
                cases_total=self._total,
                seconds_per_case=self._speed.seconds_per_case,
            )
        )
