"""What a run that was interrupted has already scored, so that whoever takes it up again goes on from there."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec
import numpy as np

from evaluator.errors import Fault
from evaluator.learnt import learn
from evaluator.records import CaseAudit, CaseResult
from evaluator.results import to_builtins

FORGOTTEN_SECONDS = 30 * 24 * 3600.0


@dataclass(frozen=True, kw_only=True)
class KeptCase:
    """A case's result, with what belongs to it."""

    result: CaseResult
    audit: CaseAudit | None = None
    peak_memory_bytes: int | None = None  # of its container


learn(KeptCase)


class KeptCases:
    """One file a run, a line a case. ``made_of`` is everything else that a case's result depends on.

    A last line that was cut off by a power failure is no case; a case that failed by our fault or the hospital's is not
    kept, for it is to be tried again.
    """

    def __init__(self, state: Path, *, run: str, made_of: Sequence[Any], rng: np.random.Generator) -> None:
        folder = _folder(state)
        _forget_old(folder)
        self._path = folder / f"{_short(run)}-{_short(to_builtins(made_of))}.jsonl"
        self._lock = Lock()
        self.seed = int(rng.integers(2**32))
        self.cases: dict[str, KeptCase] = {}
        if not self._read():
            self._write({"seed": self.seed})

    def keep(self, kept: KeptCase) -> None:
        failure = kept.result.failure
        if failure is None or failure.fault is Fault.SUBMISSION:
            self._write(kept)

    def _read(self) -> bool:
        """Whether there is a file to go on with; it is written again without what is no case."""
        try:
            seed, *lines = self._path.read_bytes().split(b"\n")
            self.seed = int(msgspec.json.decode(seed)["seed"])
        except (FileNotFoundError, msgspec.DecodeError, KeyError, TypeError):
            self._path.unlink(missing_ok=True)
            return False
        for line in lines:
            with suppress(msgspec.DecodeError):
                kept = msgspec.json.decode(line, type=KeptCase)
                self.cases[kept.result.case.case] = kept
        whole = [{"seed": self.seed}, *self.cases.values()]
        scratch = self._path.with_suffix(".part")
        scratch.write_bytes(b"".join(msgspec.json.encode(to_builtins(line)) + b"\n" for line in whole))
        scratch.replace(self._path)
        return True

    def _write(self, line: Any) -> None:
        data = msgspec.json.encode(to_builtins(line)) + b"\n"
        with self._lock, self._path.open("ab") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def forget_run(state: Path, run: str) -> None:
    """It has ended: another run of this name begins anew."""
    for path in _folder(state).glob(f"{_short(run)}-*"):
        path.unlink(missing_ok=True)


def _folder(state: Path) -> Path:
    folder = state / "resume"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _short(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()[:32]


def _forget_old(folder: Path) -> None:
    oldest = time.time() - FORGOTTEN_SECONDS
    for path in folder.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
