"""A hospital: its cohort on its own disk, its worker in its own network namespace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hospitals.network import Cable
from tests.hospitals.spawned import Spawned

ROOT = Path(__file__).resolve().parents[2]
BEAT = "1"


@dataclass(kw_only=True)
class RemoteHospital:
    """``worker`` is there once it was told how to join; ``engine`` is its DOCKER_HOST, "" for the machine's own."""

    slug: str
    name: str
    cable: Cable
    cohort: Path
    state: Path
    log: Path
    engine: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    worker: Spawned | None = None

    def join(self, words: Sequence[str]) -> None:
        """Start the worker with what `hospital enrol` printed."""
        self.worker = self._spawn([*words, "--cohort", str(self.cohort), "--insecure", "--beat", BEAT])
        self.worker.start()

    def wait_until_started(self) -> None:
        """Later starts need no more than its state."""
        assert self.worker is not None
        self.worker.wait_until((self.state / "hospital.json").exists)
        self.worker.command = self._command([])

    def start(self) -> None:
        assert self.worker is not None
        self.worker.start()

    def kill(self) -> None:
        assert self.worker is not None
        self.worker.kill()

    def stop(self) -> None:
        if self.worker is not None:
            self.worker.stop()

    def files(self) -> dict[str, bytes]:
        """Every scan and reference, as it lies here."""
        return {str(path.relative_to(self.cohort)): path.read_bytes() for path in sorted(self.cohort.rglob("*.nii.gz"))}

    def outbox(self) -> list[dict[str, Any]]:
        """What its data steward sees of what left."""
        messages: list[dict[str, Any]] = json.loads(self._outbox())["messages"]
        return messages

    def letter(self, serial: int) -> bytes:
        """One message, as it was signed."""
        return self._outbox(str(serial)).strip()

    def _outbox(self, *words: str) -> bytes:
        command = [sys.executable, "-m", "evaluator", "outbox", *words, "--state", str(self.state), "--json"]
        return subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout

    def _spawn(self, words: Sequence[str]) -> Spawned:
        outer = {name: value for name, value in os.environ.items() if not name.startswith(("BROKER", "DATABASE"))}
        own = {**outer, **({"DOCKER_HOST": self.engine} if self.engine else {}), **self.environment}
        return Spawned(self.slug, self._command(words), log=self.log, environment=own, folder=ROOT)

    def _command(self, words: Sequence[str]) -> list[str]:
        # `nsenter` and not `ip netns exec`: that would give it another view of file systems, too.
        space = f"--net=/run/netns/{self.cable.namespace}"
        return ["nsenter", space, sys.executable, "-m", "evaluator", "worker", *words, "--state", str(self.state)]
