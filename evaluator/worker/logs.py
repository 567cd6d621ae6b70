"""What containers print may be scans: it stays here, for the hospital's eyes, and is gone after a while."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

DAY_SECONDS = 24 * 3600.0


class Logs:
    """A file for each container, below ``<state>/logs``."""

    def __init__(self, state: Path, *, days: float) -> None:
        self._folder, self._seconds = state / "logs", days * DAY_SECONDS
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def of(self, *, run: int, attempt: int) -> Callable[[bytes], None]:
        """What keeps the log of one container after another of this attempt."""

        def keep(log: bytes) -> None:
            path = self._folder / f"run-{run}-{attempt}-{time.time_ns()}.log"
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(log)

        return keep

    def prune(self) -> None:
        oldest = time.time() - self._seconds
        for path in self._folder.glob("*.log"):
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < oldest:
                    path.unlink()
