"""Labels on everything we make in the engine: who supervises it and when it must be gone."""

from __future__ import annotations

import os
import time
from pathlib import Path

PREFIX = "cancer-imaging-leaderboard."
DEADLINE = PREFIX + "deadline"
SUPERVISOR = PREFIX + "supervisor"


def _start_tick(pid: int) -> str | None:
    """When a process started, in the kernel's ticks: with its number it names a process for good."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _here() -> str:
    """This boot and this process namespace: process numbers mean something only within."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"


def supervisor() -> str:
    return f"{_here()}/{os.getpid()}/{_start_tick(os.getpid())}"


def supervisor_is_dead(name: str) -> bool:
    """True only if it surely is: of this boot and namespace, and no such process. Else the deadline decides."""
    place, _, process = name.rpartition("/")
    place, _, pid = place.rpartition("/")
    if place != _here() or not pid.isdecimal():
        return False
    return _start_tick(int(pid)) != process


def ours(deadline: float) -> dict[str, str]:
    return {DEADLINE: f"{deadline:.0f}", SUPERVISOR: supervisor()}


def soon(seconds: float) -> dict[str, str]:
    return ours(time.time() + seconds)
