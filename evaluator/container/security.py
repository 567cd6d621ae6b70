"""What every submission's container is denied, as the engine's options. Nothing here depends on who submitted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import PurePosixPath
from typing import Any

from docker.types import DeviceRequest, Mount, Ulimit

from evaluator.container import labels
from evaluator.container.engine import INPUT, OUTPUT, SCRATCH, WEIGHTS, ContainerSpec, EngineFacts
from evaluator.container.limits import MIB
from evaluator.errors import ImageRefused

HOSTNAME = "submission"
CDI_KIND = "nvidia.com/gpu"
# 10 MB on disk; in two files, for with one engine 20.10 loses whoever follows the log when it starts anew
LOG = {"type": "json-file", "config": {"max-size": "5m", "max-file": "2"}}
MASK = f"rw,nosuid,nodev,size={64 * MIB},mode=1777"


@cache
def seccomp_profile() -> str:
    """Docker's default profile without AF_VSOCK, AF_ALG, socketcall and io_uring, on one line."""
    return json.dumps(json.loads(files("evaluator.container").joinpath("seccomp.json").read_text()))


def paths_to_mask(volumes: Iterable[str]) -> tuple[str, ...]:
    """The image's VOLUME paths, each to be covered by a small tmpfs so that none becomes an unlimited volume."""
    masked = set()
    for volume in volumes:
        path = PurePosixPath(os.path.normpath("/" + volume.lstrip("/")))
        if path in (INPUT, OUTPUT, SCRATCH):
            continue
        taken = (INPUT, OUTPUT, WEIGHTS, PurePosixPath("/proc"), PurePosixPath("/sys"), PurePosixPath("/dev"))
        if path == PurePosixPath("/") or any(path.is_relative_to(place) for place in taken):
            raise ImageRefused(
                f"The image declares the VOLUME {volume!r}.",
                why="The platform mounts its own folders there.",
                next_step="Remove the VOLUME instruction from the Dockerfile.",
            )
        masked.add(str(path))
    return tuple(sorted(masked))


def host_options(spec: ContainerSpec, facts: EngineFacts, *, nofile: int) -> dict[str, Any]:
    """The host configuration of a submission's container."""
    limits = spec.limits
    memory = limits.memory_bytes + spec.output.bytes  # pages of the output volume are charged to who writes them
    tmpfs = dict.fromkeys(spec.masked, MASK)
    if spec.read_only:
        tmpfs[str(SCRATCH)] = f"rw,exec,nosuid,nodev,size={limits.memory_bytes},mode=1777"
    mounts = [
        Mount(str(INPUT), str(spec.input_dir), type="bind", read_only=True),
        Mount(str(OUTPUT), spec.output.name, type="volume", no_copy=True),
    ]
    return {
        "network_mode": "none",
        "ipc_mode": "private",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", f"seccomp={seccomp_profile()}"],
        "read_only": spec.read_only,
        "mem_limit": memory,
        "memswap_limit": memory,
        "pids_limit": limits.pids,
        "nano_cpus": int(min(limits.cpus or facts.cpus, facts.cpus) * 1e9),
        "shm_size": limits.memory_bytes // 2,
        "ulimits": [
            Ulimit(name="fsize", soft=limits.file_bytes, hard=limits.file_bytes),
            Ulimit(name="nofile", soft=nofile, hard=nofile),
            Ulimit(name="core", soft=0, hard=0),
        ],
        "init": True,
        "extra_hosts": {HOSTNAME: "127.0.0.1"},
        "dns": ["127.0.0.1"],
        "dns_search": ["."],
        "tmpfs": tmpfs,
        "mounts": mounts,
        "log_config": LOG,
        "storage_opt": _layer_option(limits.layer_bytes, facts) if spec.cap_layer else None,
        "runtime": facts.runtime or None,
        "device_requests": _gpu_requests(limits.devices, facts),
    }


def _layer_option(layer_bytes: int, facts: EngineFacts) -> dict[str, str] | None:
    """Asked of overlay2 only, which keeps it on xfs with project quotas; elsewhere the image may count as written."""
    return {"size": str(layer_bytes)} if facts.storage_driver == "overlay2" else None


def _gpu_requests(devices: Sequence[str], facts: EngineFacts) -> list[DeviceRequest] | None:
    """Exactly these: of the engine's GPU runtime, else as CDI devices, which need no such runtime."""
    if not devices:
        return None
    if facts.cdi:
        return [DeviceRequest(driver="cdi", device_ids=[f"{CDI_KIND}={device}" for device in devices])]
    return [DeviceRequest(device_ids=list(devices), capabilities=[["gpu"]])]


def container_options(spec: ContainerSpec) -> dict[str, Any]:
    """The rest of a submission's container. Entry point, command and working folder stay the image's."""
    return {
        "image": spec.image,
        "name": spec.name,
        "user": spec.user,
        "hostname": HOSTNAME,
        "environment": {
            **spec.environment,
            # images of the CUDA family ask for all GPUs by this variable, and some hosts grant it
            "NVIDIA_VISIBLE_DEVICES": ",".join(spec.limits.devices) or "void",
        },
        "labels": labels.ours(spec.deadline),
        "healthcheck": {"test": ["NONE"]},
    }


def holder_options(volume: str, *, nofile: int) -> dict[str, Any]:
    """The host configuration of a container that only keeps an output volume mounted."""
    return {
        "network_mode": "none",
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges", f"seccomp={seccomp_profile()}"],
        "read_only": True,
        "mem_limit": 16 * MIB,
        "memswap_limit": 16 * MIB,
        "pids_limit": 8,
        "ulimits": [Ulimit(name="nofile", soft=nofile, hard=nofile)],
        "mounts": [Mount(str(OUTPUT), volume, type="volume", no_copy=True)],
        "log_config": {"type": "none"},
    }
