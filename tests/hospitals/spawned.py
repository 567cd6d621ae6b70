"""A program that a test starts, kills and starts again, with everything that it starts itself."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

STOP_SECONDS = 20.0


class Spawned:
    """In a session of its own; what it says is appended to ``log``. ``kill`` is SIGKILL to all of it."""

    def __init__(
        self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name, self.log = name, log
        self.command = list(command)
        self._environment, self._folder = dict(environment), folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert not self.runs(), f"{self.name} runs already"
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self.command,
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        if self._process is not None:
            _signal_group(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self, *, seconds: float = STOP_SECONDS) -> None:
        """SIGTERM to the main process; what is left after a while is killed."""
        if self._process is not None and self.runs():
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.kill()

    def wait_until(self, done: Callable[[], bool], *, seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while not done():
            if not self.runs() or time.monotonic() > until:
                why = "was not ready in time" if self.runs() else "has ended"
                pytest.fail(f"{self.name} {why}:\n{self.said()[-4000:]}")
            time.sleep(0.1)

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def _signal_group(leader: int, number: int) -> None:
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return
