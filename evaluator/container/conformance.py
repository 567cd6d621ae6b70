"""What must be true inside a submission's container, and where it is not. Facts of a probe in, findings out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluator.container.limits import Limits

Seen = Mapping[str, Any]
REFUSED = frozenset({"Operation not permitted", "Permission denied", "Function not implemented", "Invalid argument"})
DEVICES = frozenset(
    {"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx", "core", "stdin", "stdout", "stderr"}
)
OVERSHOOT = 1.02  # of a limit, in what was counted before the engine stepped in


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at. ``essential`` ones decide whether held-out scans may come here."""

    check: str
    ok: bool
    seen: str
    essential: bool = True

    @property
    def sentence(self) -> str:
        return f"{self.check}: {'yes' if self.ok else 'NO'} ({self.seen})"


@dataclass(frozen=True, kw_only=True)
class Expectations:
    """What differs between engines. ``pids``: the limit that is measured; a sandbox's own threads count."""

    capabilities: frozenset[str] = frozenset({"0" * 16})
    no_new_privileges: frozenset[str] = frozenset({"1"})
    seccomp: frozenset[str] = frozenset({"2"})
    calls: tuple[str, ...] = ("io_uring", "unshare", "mount", "keyctl", "bpf")
    read_only: frozenset[str] = frozenset({"Read-only file system"})
    output_options: frozenset[str] = frozenset({"nosuid", "nodev", "noexec"})
    devices: frozenset[str] = DEVICES
    pids: int = 64
    ends_at_once: bool = False  # with too many processes the container ends as a whole
    says_why: bool = True  # what was killed for its memory is always said to have been


DOCKER = Expectations()
# Calls go to gVisor's own kernel, not to the host's: it filters them itself and reports no seccomp mode, unshares in
# itself, has devices of its own, and tells neither ambient capabilities nor the options that the host mounted with. On
# a busy machine the engine may lose the news that a sandbox was killed for its memory (seen with Docker 20.10).
GVISOR = Expectations(
    capabilities=frozenset({"0" * 16, ""}),
    no_new_privileges=frozenset({"1", ""}),
    seccomp=frozenset({"0", "2"}),
    calls=("mount", "keyctl", "bpf"),
    read_only=frozenset({"Read-only file system", "Permission denied"}),
    output_options=frozenset(),
    devices=DEVICES | {"fuse", "net"},
    pids=512,
    ends_at_once=True,
    says_why=False,
)
OF_RUNTIME = {"runsc": GVISOR}


def look_around(seen: Seen, *, limits: Limits, user: tuple[int, int], expect: Expectations = DOCKER) -> list[Finding]:
    """Findings from what the probe saw of itself.

    Parameters
    ----------
    seen : mapping
        What `evaluator.container.probe` printed in its mode "look".
    limits : Limits
        Those that the container was started with.
    user : tuple of int
        The uid and gid that were asked for.
    expect : Expectations
        Of the engine.
    """

    def of(check: str, ok: object, *names: str) -> Finding:
        return Finding(check=check, ok=bool(ok), seen=", ".join(f"{name} {seen.get(name)}" for name in names))

    sockets = ("raw_socket", "packet_socket", "vsock", "alg")
    return [
        of("it runs as the user asked for, not as root", (seen["uid"], seen["gid"]) == user, "uid", "gid"),
        of("it is in no other group", set(seen["groups"]) <= {user[1]}, "groups"),
        of("it has no capability", {"0" * 16} <= set(seen["capabilities"]) <= expect.capabilities,
           "capabilities"),
        of("it cannot gain privileges",
           seen["no_new_privileges"] in expect.no_new_privileges and _refused(seen, "setuid"),
           "no_new_privileges", "setuid"),
        of("its system calls are filtered", seen["seccomp"] in expect.seccomp, "seccomp"),
        of("dangerous system calls are refused", all(_refused(seen, name) for name in expect.calls), *expect.calls),
        of("there is no network but itself", seen["interfaces"] == ["lo"] and not seen["routes"],
           "interfaces", "routes"),
        of("sockets that reach around a network are refused", all(not _done(seen, name) for name in sockets), *sockets),
        of("its file system is read-only", seen["write_root"] in expect.read_only and "ro" in seen["root_options"],
           "write_root", "root_options"),
        of("the scans are read-only", seen["write_input"] in expect.read_only and "ro" in seen["input_options"],
           "write_input", "input_options"),
        of("it can write its output and scratch", _done(seen, "write_output") and _done(seen, "write_scratch"),
           "write_output", "write_scratch"),
        of("kernel settings cannot be written", not _done(seen, "write_sys") and not _done(seen, "write_proc"),
           "write_sys", "write_proc"),
        of("the output is nosuid, nodev, noexec", expect.output_options <= set(seen["output_options"]),
           "output_options"),
        of("no device but the harmless ones", set(seen["devices"]) <= expect.devices, "devices"),
        of("the engine's socket is not there", not seen["engine_socket"], "engine_socket"),
        of("the host's name is not visible", seen["hostname"] == "submission", "hostname"),
        of("the host's name servers are not visible", set(seen["nameservers"]) <= {"127.0.0.1"}, "nameservers"),
        of("a file may be as large as allowed and no larger", seen["limits"]["FSIZE"] == limits.file_bytes, "limits"),
        of("it leaves no core file", seen["limits"]["CORE"] == 0, "limits"),
        of("shared memory is limited", seen["shared_memory"] <= limits.memory_bytes // 2, "shared_memory"),
        of("the output is limited", seen["output_bytes"] <= limits.output_bytes, "output_bytes"),
    ]  # fmt: skip


def _done(seen: Seen, name: str) -> bool:
    return bool(seen.get(name) == "done")


def _refused(seen: Seen, name: str) -> bool:
    return seen.get(name) in REFUSED
