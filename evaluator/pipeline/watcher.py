"""Who watches a run: told how far it is, asked whether it is to stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Protocol, TypeVar

from evaluator.errors import ClassifiedError, FailureClass

BEAT_SECONDS = 1.0

Value = TypeVar("Value")


class Watcher(Protocol):
    """Both are called from the thread that started the run, every second or two as long as it lasts."""

    def case_done(self, done: int, total: int) -> None:
        """So many cases are complete."""

    def cancelled(self) -> bool:
        """True: stop the run, kill its container. May also carry a heartbeat."""


class Unwatched:
    """Nobody watches and nobody cancels."""

    def case_done(self, done: int, total: int) -> None:
        pass

    def cancelled(self) -> bool:
        return False


class Speed:
    """Seconds a case, from how far a run was when it was first looked at."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None
        self.seconds_per_case: float | None = None

    def look(self, done: int) -> None:
        now = time.monotonic()
        if self._first is None:
            self._first = done, now
        before, since = self._first
        if done > before:
            self.seconds_per_case = (now - since) / (done - before)


def cancellation() -> ClassifiedError:
    return ClassifiedError("The run was cancelled.", failure=FailureClass.CANCELLED)


def wait_for(future: Future[Value], watcher: Watcher) -> Value:
    """The future's value; raises the cancellation if the watcher cancels first."""
    while True:
        if watcher.cancelled():
            raise cancellation()
        try:
            return future.result(timeout=BEAT_SECONDS)
        except TimeoutError:
            if future.done():  # its own time-out, not ours
                raise


def watched(work: Callable[[Callable[[], None]], Value], watcher: Watcher) -> Value:
    """Do slow work in a thread while the watcher is asked; the work calls what it is given wherever it may stop."""
    stopped = Event()

    def may_stop() -> None:
        if stopped.is_set():
            raise cancellation()

    with ThreadPoolExecutor(1) as pool:
        try:
            return wait_for(pool.submit(work, may_stop), watcher)
        finally:
            stopped.set()
