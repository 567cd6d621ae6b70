"""The folders of a run below the state folder; what a killed process left is swept at the next start."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from evaluator.container.labels import supervisor, supervisor_is_dead

OWNER = "owner"


class WorkFolders:
    """``store/`` sanitised scans, ``run/`` what is mounted, ``output/`` what is copied out, ``owners/`` whose it is."""

    def __init__(self, state: Path) -> None:
        self._state = state.resolve()
        self._names: set[str] = set()
        for part in ("store", "run", "output", "owners"):
            (self._state / part).mkdir(parents=True, exist_ok=True)
        self._state.chmod(0o700)

    def store(self, fingerprint: str, suffix: str) -> Path:
        """Where a cohort version's sanitised scans of one format lie."""
        return self._state / "store" / f"{fingerprint.rpartition(':')[2][:32]}{suffix}"

    @contextmanager
    def input(self) -> Iterator[Path]:
        """A fresh folder to mount, gone afterwards."""
        folder = self._fresh("run")
        try:
            yield folder
        finally:
            self.remove(folder)

    def output(self) -> Path:
        """A fresh folder for what is copied out of a container."""
        return self._fresh("output")

    def remove(self, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        (self._state / "owners" / folder.name).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Remove the folders of processes that are no more."""
        for owner in (self._state / "owners").iterdir():
            if supervisor_is_dead(owner.read_text()):
                for part in ("run", "output"):
                    shutil.rmtree(self._state / part / owner.name, ignore_errors=True)
                owner.unlink(missing_ok=True)

    def _fresh(self, part: str) -> Path:
        name = uuid.uuid4().hex
        (self._state / "owners" / name).write_text(supervisor())
        folder = self._state / part / name
        folder.mkdir(mode=0o755)
        return folder
