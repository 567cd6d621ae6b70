"""The options every container gets."""

from __future__ import annotations

import json

import pytest

from evaluator.container.holder import LAYER, pause_program, root_file_system
from evaluator.container.security import paths_to_mask, seccomp_profile
from evaluator.errors import ImageRefused


def test_the_seccomp_profile_allows_no_socket_family_from_af_alg_on_and_no_io_uring() -> None:
    profile = json.loads(seccomp_profile())
    allowed = {name for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
    (socket,) = [rule for rule in profile["syscalls"] if "socket" in rule["names"]]

    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    assert not allowed & {
        "socketcall",
        "io_uring_setup",
        "io_uring_enter",
        "mount",
        "unshare",
        "setns",
        "bpf",
        "keyctl",
    }
    assert socket["args"] == [{"index": 0, "value": 38, "op": "SCMP_CMP_LT"}]
    assert {"read", "write", "openat", "futex", "execve", "exit_group", "clock_gettime"} <= allowed


def test_volume_paths_are_masked_once_and_our_own_places_are_not() -> None:
    assert paths_to_mask(["/data", "/data/", "data", "/cache/../x", "/output", "/tmp"]) == ("/data", "/x")


@pytest.mark.parametrize(
    "volume", ["/", "/input/x", "/output/images", "/proc", "/dev/shm", "/opt/ml/model", "/a/../.."]
)
def test_a_volume_over_a_place_of_ours_is_refused(volume: str) -> None:
    with pytest.raises(ImageRefused, match="VOLUME"):
        paths_to_mask([volume])


def test_the_holder_is_the_same_bytes_every_time_and_smaller_than_a_page() -> None:
    assert root_file_system() == root_file_system()
    assert LAYER.startswith("sha256:")
    assert pause_program().startswith(b"\x7fELF")
    assert len(pause_program()) < 4096
