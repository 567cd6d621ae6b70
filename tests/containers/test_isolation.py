"""What a submission's container can and cannot do, seen from inside and from the engine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import docker
import numpy as np
import pytest

from evaluator.container.docker_engine import DockerEngine
from evaluator.container.limits import MIB, Limits
from evaluator.errors import ClassifiedError
from evaluator.pipeline import TryOut, Unwatched, try_out
from tests.containers.submissions import FOLDER, Images
from tests.tiny_cohorts import write_tiny_cohort

pytestmark = pytest.mark.containers

LOOK_AROUND = """
import ctypes, resource, socket, subprocess
libc = ctypes.CDLL(None, use_errno=True)
def tried(act):
    try:
        act()
        return "done"
    except OSError as error:
        return error.strerror
def system_call(number, *arguments):
    failed = libc.syscall(number, *(ctypes.c_long(value) for value in arguments)) < 0
    return os.strerror(ctypes.get_errno()) if failed else "done"
status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
program = "/tmp/program"
open(program, "w").write("#!/bin/sh\\nexit 0\\n")
os.chmod(program, 0o755)
print("SEEN" + json.dumps({
    "uid": os.getuid(), "gid": os.getgid(),
    "capabilities": [status[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")],
    "no_new_privileges": status["NoNewPrivs"].strip(), "seccomp": status["Seccomp"].strip(),
    "interfaces": os.listdir("/sys/class/net"),
    "routes": open("/proc/net/route").read().splitlines()[1:],
    "own_name": socket.gethostbyname(socket.gethostname()), "hostname": socket.gethostname(),
    "nameservers": open("/etc/resolv.conf").read().split(),
    "write_root": tried(lambda: open("/new", "w")), "write_input": tried(lambda: open("/input/new", "w")),
    "write_home": tried(lambda: open(os.path.expanduser("~/new"), "w")),
    "run_from_tmp": tried(lambda: subprocess.run([program], check=True)),
    "inet": tried(lambda: socket.socket(socket.AF_INET)), "vsock": tried(lambda: socket.socket(40, 1)),
    "alg": tried(lambda: socket.socket(38, 5)), "alg_high_bits": system_call(41, 2**32 + 38, 5, 0),
    "io_uring": system_call(425, 1, 0), "unshare": system_call(272, 0x10000000),
    "mount": system_call(165, 0, 0, 0, 0, 0),
    "files": resource.getrlimit(resource.RLIMIT_FSIZE)[1], "core": resource.getrlimit(resource.RLIMIT_CORE)[1],
    "environment": dict(os.environ), "first_process": open("/proc/1/comm").read().strip(),
    "shared_memory": os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize,
    "mounts": {line.split()[4]: line.split(" - ")[0].split()[5] for line in open("/proc/self/mountinfo")},
    "sources": [line.split()[3] for line in open("/proc/self/mountinfo") if line.split()[4] == "/input"],
    "volume": tried(lambda: open("/data/x", "wb").write(bytes(80 * 1024**2))),
    "names": sorted(os.listdir("/input")),
    "times": sorted({os.stat("/input/" + case["ct"]).st_mtime for case in cases}),
    "headers": sorted({gzip.open("/input/" + case["ct"]).read(352)[148:252].strip(b"\\0").decode() for case in cases}),
}))
for case in cases:
    answer(case)
"""
LIMITS = Limits(memory_bytes=256 * MIB, output_bytes=32 * MIB, file_bytes=100 * MIB, cpus=64)


def tried_out(
    engine: DockerEngine, image: str, folder: Path, *, contract: str = "folder", watcher: Unwatched | None = None
) -> TryOut:
    return try_out(
        engine=engine,
        image=image,
        sample=write_tiny_cohort(folder / "cohort", cases=3),
        contract=contract,
        limits=LIMITS,
        state=folder / "state",
        rng=np.random.default_rng(7),
        watcher=watcher,
    )


def test_inside_there_is_no_network_no_privilege_and_nothing_to_write_but_output_and_scratch(
    engine: DockerEngine, images: Images, tmp_path: Path
) -> None:
    image = images.of(FOLDER + LOOK_AROUND, user="", changes=("VOLUME /data", "ENV NVIDIA_VISIBLE_DEVICES=all"))

    tried = tried_out(engine, image, tmp_path)

    assert tried.ok, tried.log
    seen: dict[str, Any] = json.loads(tried.log.partition("SEEN")[2].splitlines()[0])
    assert (seen["uid"], seen["gid"]) == (10001, 10001)  # the image runs as root: replaced
    assert seen["capabilities"] == ["0" * 16] * 4
    assert (seen["no_new_privileges"], seen["seccomp"]) == ("1", "2")
    assert seen["interfaces"] == ["lo"]
    assert seen["routes"] == []
    assert (seen["hostname"], seen["own_name"]) == ("submission", "127.0.0.1")
    assert "127.0.0.1" in seen["nameservers"]
    assert seen["write_root"] == seen["write_input"] == "Read-only file system"
    assert seen["write_home"] == seen["run_from_tmp"] == seen["inet"] == "done"
    refused = {seen[name] for name in ("vsock", "alg", "alg_high_bits", "io_uring", "unshare", "mount")}
    assert refused == {"Operation not permitted"}
    assert (seen["files"], seen["core"]) == (100 * MIB, 0)
    assert seen["first_process"] in ("docker-init", "tini")
    assert seen["shared_memory"] == 128 * MIB
    assert seen["volume"] == "No space left on device"
    assert {"nosuid", "nodev", "noexec"} <= set(seen["mounts"]["/output"].split(","))
    assert "ro" in seen["mounts"]["/input"].split(",")
    assert not [place for place in seen["mounts"] if place.startswith("/input/")]
    named = {key: seen["environment"][key] for key in ("HOME", "TMPDIR", "USER", "NVIDIA_VISIBLE_DEVICES")}
    assert named == {"HOME": "/tmp", "TMPDIR": "/tmp", "USER": "submission", "NVIDIA_VISIBLE_DEVICES": "void"}


def test_nothing_inside_tells_which_case_or_hospital_a_scan_is_from(
    engine: DockerEngine, images: Images, tmp_path: Path
) -> None:
    tried = tried_out(engine, images.of(FOLDER + LOOK_AROUND, user=""), tmp_path)

    seen = json.loads(tried.log.partition("SEEN")[2].splitlines()[0])
    assert "case0" not in json.dumps(seen)
    assert "cohort" not in json.dumps(seen["sources"])
    assert len(seen["names"]) == 4
    assert all(name == "cases.json" or (len(name) == 32 and int(name, 16) >= 0) for name in seen["names"])
    assert seen["times"] == [0.0]
    assert seen["headers"] == [""]


class Inspector(Unwatched):
    """Looks at the running container as the engine shows it, then cancels the run."""

    def __init__(self, image: str) -> None:
        self.image = image
        self.container: dict[str, Any] = {}
        self.volumes: dict[str, dict[str, Any]] = {}

    def case_done(self, done: int, total: int) -> None:
        api: Any = docker.from_env().api
        (running,) = api.containers(filters={"ancestor": self.image})
        self.container = api.inspect_container(running["Id"])
        mounts = {mount["Destination"]: mount for mount in self.container["Mounts"]}
        self.volumes = mounts | {"/output": api.inspect_volume(mounts["/output"]["Name"])}
        api.close()

    def cancelled(self) -> bool:
        return bool(self.container)


def test_the_engine_shows_every_limit(engine: DockerEngine, images: Images, tmp_path: Path) -> None:
    image = images.of("import time\ntime.sleep(9999)\n", changes=("VOLUME /data",))
    inspector = Inspector(image)
    with pytest.raises(ClassifiedError, match="cancelled"):
        tried_out(engine, image, tmp_path, watcher=inspector)

    shown, volumes, output = inspector.container, inspector.volumes, inspector.volumes["/output"]
    host, config = shown["HostConfig"], shown["Config"]
    assert config["Image"] == image
    assert config["User"] == "1000:1000"
    assert config["Healthcheck"] == {"Test": ["NONE"]}
    assert int(config["Labels"]["cancer-imaging-leaderboard.deadline"]) > 0
    assert (host["NetworkMode"], host["CapDrop"], host["Init"], host["ReadonlyRootfs"]) == ("none", ["ALL"], True, True)
    assert host["Memory"] == host["MemorySwap"] == (256 + 32) * MIB
    assert host["PidsLimit"] == 4096
    assert host["NanoCpus"] == engine.facts().cpus * 10**9
    assert host["LogConfig"]["Type"] == "json-file"
    assert [option.partition("=")[0] for option in host["SecurityOpt"]] == ["no-new-privileges", "seccomp"]
    assert (host["Dns"], host["DnsSearch"], host["Privileged"]) == (["127.0.0.1"], ["."], False)
    assert set(volumes) == {"/input", "/output"}  # the image's VOLUME became no volume
    assert not volumes["/input"]["RW"]
    assert output["Options"]["type"] == "tmpfs"
    wanted = {f"size={32 * MIB}", "uid=1000", "gid=1000", "mode=0700", "nosuid", "nodev", "noexec"}
    assert wanted <= set(output["Options"]["o"].split(","))


def test_under_grand_challenge_the_image_keeps_its_user_and_may_write_beside_its_code(
    engine: DockerEngine, images: Images, tmp_path: Path
) -> None:
    script = "import os\nopen('/var/tmp/note', 'w').write('x')\nprint('uid', os.getuid(), os.environ.get('USER'))\n"

    tried = tried_out(engine, images.of(script, user="33:33"), tmp_path, contract="grand-challenge")

    assert "uid 33 None" in tried.log


def test_under_grand_challenge_an_image_that_runs_as_root_is_refused(
    engine: DockerEngine, images: Images, tmp_path: Path
) -> None:
    tried = tried_out(engine, images.of(FOLDER, user=""), tmp_path, contract="grand-challenge")

    assert not tried.ok
    assert "runs as root" in tried.reason
