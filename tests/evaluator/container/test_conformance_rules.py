"""What a probe may see, rule by rule: a container that is as it must be has no finding, one that leaks has its own."""

from __future__ import annotations

from typing import Any

import pytest

from evaluator.container.conformance import DOCKER, GVISOR, look_around
from evaluator.container.doctor import LIMITS, USER

REFUSED = "Operation not permitted"
SAFE: dict[str, Any] = {
    "uid": 10001,
    "gid": 10001,
    "groups": [10001],
    "capabilities": ["0000000000000000"],
    "no_new_privileges": "1",
    "seccomp": "2",
    "interfaces": ["lo"],
    "routes": [],
    "raw_socket": REFUSED,
    "packet_socket": REFUSED,
    "vsock": REFUSED,
    "alg": REFUSED,
    "io_uring": REFUSED,
    "unshare": REFUSED,
    "mount": REFUSED,
    "setuid": REFUSED,
    "keyctl": REFUSED,
    "bpf": REFUSED,
    "write_root": "Read-only file system",
    "write_input": "Read-only file system",
    "write_output": "done",
    "write_scratch": "done",
    "write_sys": "Read-only file system",
    "write_proc": "No such file or directory",
    "devices": ["null", "zero"],
    "engine_socket": False,
    "hostname": "submission",
    "nameservers": ["127.0.0.1"],
    "output_options": ["rw", "nosuid", "nodev", "noexec"],
    "root_options": ["ro"],
    "input_options": ["ro"],
    "limits": {"FSIZE": LIMITS.file_bytes, "NOFILE": 1024, "CORE": 0},
    "shared_memory": LIMITS.memory_bytes // 2,
    "output_bytes": LIMITS.output_bytes,
}


def failed(**changed: Any) -> list[str]:
    return [one.check for one in look_around(SAFE | changed, limits=LIMITS, user=USER) if not one.ok]


def test_a_container_that_is_as_it_must_be_has_no_finding() -> None:
    assert failed() == []
    assert len(look_around(SAFE, limits=LIMITS, user=USER)) == 21


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"uid": 0}, "it runs as the user asked for, not as root"),
        ({"groups": [10001, 999]}, "it is in no other group"),
        ({"capabilities": ["00000000a80425fb"]}, "it has no capability"),
        ({"no_new_privileges": "0"}, "it cannot gain privileges"),
        ({"setuid": "done"}, "it cannot gain privileges"),
        ({"seccomp": "0"}, "its system calls are filtered"),
        ({"io_uring": "done"}, "dangerous system calls are refused"),
        ({"bpf": "done"}, "dangerous system calls are refused"),
        ({"interfaces": ["eth0", "lo"]}, "there is no network but itself"),
        ({"routes": ["eth0"]}, "there is no network but itself"),
        ({"vsock": "done"}, "sockets that reach around a network are refused"),
        ({"write_root": "done"}, "its file system is read-only"),
        ({"root_options": ["rw"]}, "its file system is read-only"),
        ({"input_options": ["rw"]}, "the scans are read-only"),
        ({"write_input": "done"}, "the scans are read-only"),
        ({"write_output": "Permission denied"}, "it can write its output and scratch"),
        ({"write_proc": "done"}, "kernel settings cannot be written"),
        ({"output_options": ["rw", "nosuid", "nodev"]}, "the output is nosuid, nodev, noexec"),
        ({"devices": ["null", "sda"]}, "no device but the harmless ones"),
        ({"engine_socket": True}, "the engine's socket is not there"),
        ({"hostname": "ct-archive-3"}, "the host's name is not visible"),
        ({"nameservers": ["10.0.0.2"]}, "the host's name servers are not visible"),
        ({"limits": {"FSIZE": -1, "NOFILE": 1024, "CORE": 0}}, "a file may be as large as allowed and no larger"),
        ({"limits": {"FSIZE": LIMITS.file_bytes, "NOFILE": 1024, "CORE": -1}}, "it leaves no core file"),
        ({"shared_memory": LIMITS.memory_bytes}, "shared memory is limited"),
        ({"output_bytes": 2 * LIMITS.output_bytes}, "the output is limited"),
    ],
)
def test_what_must_not_be_is_found(changed: dict[str, Any], check: str) -> None:
    assert failed(**changed) == [check]


def test_a_kernel_of_its_own_is_looked_at_as_one() -> None:
    seen = SAFE | {
        "capabilities": ["", "0" * 16],
        "no_new_privileges": "",
        "seccomp": "0",
        "unshare": "done",
        "write_root": "Permission denied",
        "output_options": ["rw"],
    }
    assert all(one.ok for one in look_around(seen, limits=LIMITS, user=USER, expect=GVISOR))
    assert not all(one.ok for one in look_around(seen, limits=LIMITS, user=USER, expect=DOCKER))
    for worse in ({"root_options": ["rw"]}, {"capabilities": ["00000000a80425fb"]}, {"mount": "done"}, {"uid": 0}):
        assert not all(one.ok for one in look_around(seen | worse, limits=LIMITS, user=USER, expect=GVISOR))
