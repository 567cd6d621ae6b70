"""The options every container gets."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from evaluator.container.engine import ContainerSpec, EngineFacts, OutputSpec
from evaluator.container.holder import LAYER, pause_program, root_file_system
from evaluator.container.limits import GIB, Limits
from evaluator.container.security import container_options, host_options, paths_to_mask, seccomp_profile
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


def spec(limits: Limits) -> ContainerSpec:
    output = OutputSpec(name="o", owner="1:1", bytes=1, inodes=1, deadline=0)
    return ContainerSpec(
        name="c", image="sha256:1", user="1:1", input_dir=Path("/in"), output=output, limits=limits, deadline=0
    )


def facts(*, cdi: bool = False) -> EngineFacts:
    return EngineFacts(version="25", cpus=2, memory_bytes=GIB, gpus=True, cdi=cdi, data_root=Path("/"))


def test_a_container_is_given_exactly_the_gpu_of_its_run() -> None:
    asked = spec(Limits(gpus=1, gpu_ids=("3",)))

    (request,) = host_options(asked, facts(), nofile=10)["device_requests"]

    assert (request["DeviceIDs"], request["Capabilities"], request["Count"]) == (["3"], [["gpu"]], 0)
    assert container_options(asked)["environment"]["NVIDIA_VISIBLE_DEVICES"] == "3"


def test_where_no_runtime_gives_gpus_they_are_asked_for_as_cdi_devices() -> None:
    asked = spec(Limits(gpus=1, gpu_ids=("3",)))

    (request,) = host_options(asked, facts(cdi=True), nofile=10)["device_requests"]

    assert (request["Driver"], request["DeviceIDs"]) == ("cdi", ["nvidia.com/gpu=3"])
    assert container_options(asked)["environment"]["NVIDIA_VISIBLE_DEVICES"] == "3"


def test_whoever_asks_for_no_gpu_sees_none() -> None:
    asked = spec(Limits(gpu_ids=("3",)))

    assert host_options(asked, facts(), nofile=10)["device_requests"] is None
    assert container_options(asked)["environment"]["NVIDIA_VISIBLE_DEVICES"] == "void"


def test_a_layer_is_limited_only_where_that_is_asked_and_does_not_count_the_image() -> None:
    free, capped = spec(Limits(layer_bytes=1000)), replace(spec(Limits(layer_bytes=1000)), cap_layer=True)
    overlay, btrfs = replace(facts(), storage_driver="overlay2"), replace(facts(), storage_driver="btrfs")

    assert host_options(free, overlay, nofile=10)["storage_opt"] is None
    assert host_options(capped, overlay, nofile=10)["storage_opt"] == {"size": "1000"}
    assert host_options(capped, btrfs, nofile=10)["storage_opt"] is None
