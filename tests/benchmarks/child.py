"""Inside the process of one measurement: prepare, run, look at the clock and at the peak of memory."""

from __future__ import annotations

import importlib
import os
import sys
import time
from pathlib import Path

import msgspec

from tests.benchmarks.measure import Job, Measured


def main() -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[os.getpid() % len(cores)]})  # two benchmarks at once do not both choose one core
    job = msgspec.json.decode(sys.argv[1], type=Job, dec_hook=lambda kind, value: kind(value))  # a path comes as text
    run = getattr(importlib.import_module(f"tests.benchmarks.{job.module}"), job.act)(job.files, job.label)
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    held = _status("VmRSS")
    seconds: list[float] = []
    cpu: list[float] = []
    while len(seconds) < job.at_least or (len(seconds) < job.runs and sum(seconds) < job.seconds):
        began, worked = time.perf_counter(), time.process_time()
        numbers = run()
        cpu.append(time.process_time() - worked)
        seconds.append(time.perf_counter() - began)
    measured = Measured(seconds=tuple(seconds), cpu=tuple(cpu), memory=_status("VmHWM") - held, numbers=dict(numbers))
    sys.stdout.flush()
    sys.stdout.write("\n" + msgspec.json.encode(measured).decode() + "\n")


def _status(name: str) -> int:
    """A figure of this process in bytes, as the kernel keeps it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024


if __name__ == "__main__":
    main()
