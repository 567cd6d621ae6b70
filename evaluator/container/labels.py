"""Labels on everything we make in the engine: who supervises it and when it must be gone.

Deadlines are seconds of this boot's monotonic clock, the same in all its processes: a clock that is set wrong, or right
again, makes nothing late. Of another boot everything is.
"""

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


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _namespace() -> str:
    return str(Path("/proc/self/ns/pid").readlink())


def supervisor() -> str:
    """This process, by a name that no other process has had or will have."""
    return f"{_boot()}/{_namespace()}/{os.getpid()}/{_start_tick(os.getpid())}"


def supervisor_is_dead(name: str) -> bool:
    """True only if it surely is: the machine was started since, or there is no such process where we can see it."""
    boot, _, rest = name.partition("/")
    namespace, _, rest = rest.partition("/")
    pid, _, tick = rest.partition("/")
    if not pid.isdecimal():
        return False
    if boot != _boot():
        return True
    return namespace == _namespace() and _start_tick(int(pid)) != tick


def ours(deadline: float) -> dict[str, str]:
    return {DEADLINE: f"{deadline:.0f}", SUPERVISOR: supervisor()}


def soon(seconds: float) -> dict[str, str]:
    return ours(time.monotonic() + seconds)
