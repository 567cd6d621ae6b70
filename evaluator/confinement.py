"""A process that gives up what it does not need, before it touches bytes that may be hostile.

Linux only, without privileges and without a program of its own: Landlock for files, seccomp for system calls, rlimits
for memory, time and files. What this machine's kernel keeps of it is measured by `what_is_kept`, never assumed.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import platform
import resource
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

START = "import sys, runpy; sys.path[:] = sys.argv[1].split(':'); runpy.run_module(sys.argv[2], run_name='__main__')"
# Nothing of ours is passed on: a worker's environment holds the broker's and the database's passwords.
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "1"}
PROBE_SECONDS = 60.0

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SIGKILL = 1, 38, 22, 9
LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
READ_FILE, READ_DIR = 1 << 2, 1 << 3
CAPABILITY_VERSION = 0x20080522
X86_64 = 0xC000003E
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
CLONE, CLONE3, CLONE_THREAD, X32 = 56, 435, 0x10000, 0x40000000
# socket connect bind fork vfork execve kill ptrace rt_sigqueueinfo mount tkill tgkill add_key request_key keyctl
# unshare rt_tgsigqueueinfo perf_event_open prlimit64 setns process_vm_readv process_vm_writev bpf execveat userfaultfd
# pidfd_send_signal io_uring_setup pidfd_open pidfd_getfd
FORBIDDEN = (41, 42, 49, 57, 58, 59, 62, 101, 129, 165, 200, 234, 248, 249, 250, 272, 297, 298, 302, 308, 310, 311,
             321, 322, 323, 424, 425, 434, 438)  # fmt: skip

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a confined process may use; ``seconds`` are of the processor, ``file_bytes`` of any one file it writes."""

    memory_bytes: int
    seconds: int
    file_bytes: int
    files: int = 32


def python_command(module: str) -> list[str]:
    """How to start a module of ours as a process that ignores whatever environment and folder it is started in."""
    places = [str(Path(__file__).resolve().parents[1]), *(place for place in sys.path if place)]
    return [sys.executable, "-I", "-S", "-c", START, ":".join(places), module]


def confine(folder: Path, allowance: Allowance) -> None:
    """Give up all but reading below ``folder``, for good. What the kernel cannot do is left out: see `what_is_kept`.

    Files that are open stay open. The caller must have no other thread.
    """
    _libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _read_only_below(folder)
    _drop_capabilities()
    resource.setrlimit(resource.RLIMIT_CPU, (allowance.seconds, allowance.seconds + 5))  # SIGXCPU, then SIGKILL
    for what, most in (
        (resource.RLIMIT_AS, allowance.memory_bytes),
        (resource.RLIMIT_FSIZE, allowance.file_bytes),
        (resource.RLIMIT_NOFILE, allowance.files),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        limit = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (limit, limit))
    if platform.machine() == "x86_64":
        _filter_system_calls()


def _read_only_below(folder: Path) -> None:
    version = _libc.syscall(LANDLOCK_CREATE, None, 0, 1)
    if version < 1:
        return
    files = (1 << (13 if version < 2 else 14 if version < 3 else 15 if version < 5 else 16)) - 1
    rules = (ctypes.c_uint64 * 3)(files, 3 if version >= 4 else 0, 3 if version >= 6 else 0)  # files, TCP, signals
    ruleset = _libc.syscall(LANDLOCK_CREATE, ctypes.byref(rules), 24 if version >= 6 else 16 if version >= 4 else 8, 0)
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    below = (ctypes.c_char * 12).from_buffer_copy(
        (READ_FILE | READ_DIR).to_bytes(8, "little") + place.to_bytes(4, "little")
    )
    failed = _libc.syscall(LANDLOCK_ADD, ruleset, 1, ctypes.byref(below), 0)
    failed |= _libc.syscall(LANDLOCK_RESTRICT, ruleset, 0)
    if failed:
        raise OSError(ctypes.get_errno(), "Landlock is there and refuses")
    os.close(ruleset)
    os.close(place)


def _drop_capabilities() -> None:
    _libc.capset(ctypes.byref((ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0)), ctypes.byref((ctypes.c_uint32 * 6)()))


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("yes", ctypes.c_uint8), ("no", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def _filter_system_calls() -> None:
    """No socket, no other program, no other process; threads are allowed."""
    # a jump counts the instructions it passes over
    refused = [(EQUAL, len(FORBIDDEN) - place + 4, 0, number) for place, number in enumerate(FORBIDDEN)]
    lines = [
        (LOAD, 0, 0, 4), (EQUAL, 1, 0, X86_64), (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0), (AT_LEAST, len(FORBIDDEN) + 5, 0, X32), *refused,
        (EQUAL, 5, 0, CLONE3), (EQUAL, 0, 2, CLONE), (LOAD, 0, 0, 16), (ANY_BIT, 0, 1, CLONE_THREAD),
        (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, FAIL | errno.EPERM), (RETURN, 0, 0, FAIL | errno.ENOSYS),
    ]  # fmt: skip
    program = (_Instruction * len(lines))(*(_Instruction(*line) for line in lines))
    loaded = _Program(len(lines), program)
    if _libc.prctl(PR_SET_SECCOMP, 2, ctypes.byref(loaded), 0, 0):
        raise OSError(ctypes.get_errno(), "the kernel takes no seccomp filter")


def what_is_kept() -> dict[str, str]:
    """What a confined process of this machine is told when it tries what it should not; "done" where it may."""
    done = subprocess.run(
        python_command(__name__), env=ENVIRONMENT, cwd="/", capture_output=True, check=False, timeout=PROBE_SECONDS
    )
    try:
        return {str(key): str(value) for key, value in json.loads(done.stdout).items()}
    except ValueError:
        return {}


def _try_everything() -> None:
    folder = Path("/sys")  # any folder that is there
    confine(folder, Allowance(memory_bytes=2**30, seconds=10, file_bytes=0))
    attempts: dict[str, Callable[[], object]] = {
        "network": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "files": lambda: Path(__file__).read_bytes(),
        "processes": os.fork,
        "programs": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),  # noqa: S606
        "memory": lambda: bytearray(2**31),
    }
    told = {}
    for name, attempt in attempts.items():
        try:
            attempt()
        except (OSError, MemoryError) as error:
            told[name] = getattr(error, "strerror", None) or "Cannot allocate memory"
        else:
            told[name] = "done"
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    _try_everything()
