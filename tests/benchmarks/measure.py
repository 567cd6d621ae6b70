"""One measurement, in a process of its own: its peak of memory is that of one program and one case."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from tests.benchmarks.case import CaseFiles

ROOT = Path(__file__).parents[2]
ONE_THREAD = ("OPENBLAS", "OMP", "MKL", "NUMEXPR")


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to run: a function of a module of this folder, on a case, so often."""

    module: str
    act: str
    files: CaseFiles
    label: int = 0
    runs: int = 5  # as many as these
    seconds: float = 15.0  # or as fit into this time
    at_least: int = 1


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Seconds of every run, bytes above what the process held before the first, numbers; or why there are none.

    ``cpu`` are the seconds in which the process ran: fewer than ``seconds`` on a machine with other work to do.
    """

    seconds: tuple[float, ...] = ()
    cpu: tuple[float, ...] = ()
    memory: int = 0
    numbers: dict[str, float | None] = field(default_factory=dict)
    failure: str = ""


def measure(job: Job, *, limit: float) -> Measured:
    """Run the job in a fresh process on one core, at most ``limit`` seconds."""
    env = {**os.environ, **{f"{name}_NUM_THREADS": "1" for name in ONE_THREAD}}
    env["ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS"] = "1"
    command = [sys.executable, "-m", "tests.benchmarks.child", msgspec.json.encode(job, enc_hook=str).decode()]
    try:
        done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, env=env, timeout=limit)
    except subprocess.TimeoutExpired:
        return Measured(failure=f"stopped after {limit:.0f} s")
    if done.returncode:
        return Measured(failure=_last_line(done.stderr.decode(errors="replace")) or f"ended with {done.returncode}")
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=Measured)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else ""
