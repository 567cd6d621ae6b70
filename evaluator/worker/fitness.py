"""Whether this machine may hand held-out scans to containers: looked at again and again, told at once."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from evaluator.errors import EvaluatorError
from evaluator.worker.words import Refusal, one_line

LOOK_SECONDS, SHORTLY = 60.0, 1.0
# After the doctor found something: an engine that is being restarted is soon back, other things take a while to mend.
SOONEST_SECONDS, LATEST_SECONDS = 5.0, 600.0
NOT_YET = "The doctor has not looked yet."

logger = logging.getLogger(__name__)


class Unfit(Refusal):
    """Nothing begins on this machine now; what was to begin waits."""


class Fitness(threading.Thread):
    """``check`` raises an error meant for a person where the engine is not fit; where it was found fit, it is quick."""

    def __init__(self, check: Callable[[], None], *, stopping: threading.Event) -> None:
        super().__init__(name="fitness", daemon=True)
        self._check, self._stopping = check, stopping
        self._lock = threading.Lock()
        self._looked_at, self._again_at, self._wait = 0.0, 0.0, SOONEST_SECONDS
        self.why = NOT_YET  # it is not fit, in words that may leave; "" where it is

    def run(self) -> None:
        while not self._stopping.is_set():
            if self.why or time.monotonic() >= self._looked_at + LOOK_SECONDS:
                self._look()
            self._stopping.wait(SHORTLY)  # an order that is to begin looks, too, and may find that it must wait

    def require(self) -> None:
        """Raises ``Unfit`` where it is not fit."""
        self._look()
        if self.why:
            raise Unfit("The hospital's machine is not fit for held-out scans.", why=self.why)

    def _look(self) -> None:
        with self._lock:
            if time.monotonic() < self._again_at:
                return
            try:
                self._check()
            except (EvaluatorError, OSError) as error:
                logger.error("ALERT: %s", error)  # noqa: TRY400 - it says all there is to say
                said = f"{error.what} {error.why}" if isinstance(error, EvaluatorError) else "The doctor cannot look."
                self.why = one_line(said)
                self._again_at = time.monotonic() + self._wait
                self._wait = min(2 * self._wait, LATEST_SECONDS)
            else:
                self.why, self._wait = "", SOONEST_SECONDS
            self._looked_at = time.monotonic()
