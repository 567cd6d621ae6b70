"""What a submission's container can see and do, told by a program that looks around inside one.

The program is Python of the standard library; the image it runs in is any that has ``python3``.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from typing import Any

import msgspec

from evaluator.container.docker_calls import connect, engine_faults
from evaluator.container.engine import ContainerEngine
from evaluator.container.labels import soon
from evaluator.errors import InputRefused

REPOSITORY = "cancer-imaging-leaderboard/probe"
PLACE = "probe.py"
MARK = "SEEN "
BUILD_SECONDS = 600
PROGRAM = """
import ctypes, json, os, platform, resource, signal, socket, sys, time
def tried(act):
    try:
        act()
        return "done"
    except OSError as error:
        return error.strerror or type(error).__name__
libc = ctypes.CDLL(None, use_errno=True)
def system_call(number, *arguments):
    failed = libc.syscall(number, *(ctypes.c_long(value) for value in arguments)) < 0
    return os.strerror(ctypes.get_errno()) if failed else "done"
def text(path):
    try:
        return open(path, errors="replace").read()
    except OSError as error:
        return error.strerror
def look():
    status = dict(line.split(":", 1) for line in text("/proc/self/status").splitlines() if ":" in line)
    mounts = [line.split() for line in text("/proc/self/mountinfo").splitlines()]
    return {
        "uid": os.getuid(), "gid": os.getgid(), "groups": os.getgroups(),
        "capabilities": sorted({status.get(name, "").strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")}),
        "no_new_privileges": status.get("NoNewPrivs", "").strip(), "seccomp": status.get("Seccomp", "").strip(),
        "interfaces": sorted(os.listdir("/sys/class/net")),
        "routes": [line.split()[0] for line in text("/proc/net/route").splitlines()[1:]],
        "connect": tried(lambda: socket.create_connection(("127.0.0.1", 9), timeout=2)),
        "raw_socket": tried(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
        "packet_socket": tried(lambda: socket.socket(17, socket.SOCK_RAW)),
        "vsock": tried(lambda: socket.socket(40, 1)), "alg": tried(lambda: socket.socket(38, 5)),
        "io_uring": system_call(425, 1, 0), "unshare": system_call(272, 0x10000000),
        "mount": system_call(165, 0, 0, 0, 0, 0), "setuid": tried(lambda: os.setuid(0)),
        "keyctl": system_call(250, 0, 0), "bpf": system_call(321, 0, 0, 0),
        "write_root": tried(lambda: open("/new", "w")), "write_input": tried(lambda: open("/input/new", "w")),
        "write_output": tried(lambda: open("/output/new", "w")), "write_scratch": tried(lambda: open("/tmp/new", "w")),
        "write_sys": tried(lambda: open("/sys/kernel/mm/transparent_hugepage/enabled", "w")),
        "write_proc": tried(lambda: open("/proc/sysrq-trigger", "w")),
        "devices": sorted(name for name in os.listdir("/dev") if name not in ("shm", "mqueue", "pts", "fd")),
        "engine_socket": os.path.exists("/var/run/docker.sock"),
        "hostname": socket.gethostname(), "nameservers": [line.split()[1] for line in
            text("/etc/resolv.conf").splitlines() if line.startswith("nameserver")],
        "sources": sorted(mount[3] for mount in mounts if mount[4] == "/input"),
        "output_options": next((mount[5].split(",") for mount in mounts if mount[4] == "/output"), []),
        "root_options": next((mount[5].split(",") for mount in mounts if mount[4] == "/"), []),
        "input_options": next((mount[5].split(",") for mount in mounts if mount[4] == "/input"), []),
        "environment": sorted(os.environ),
        "limits": {name: resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1]
                   for name in ("FSIZE", "NOFILE", "CORE")},
        "shared_memory": os.statvfs("/dev/shm").f_blocks * os.statvfs("/dev/shm").f_frsize,
        "output_bytes": os.statvfs("/output").f_blocks * os.statvfs("/output").f_frsize,
        "first_process": text("/proc/1/comm").strip(),
        "visible": {"kernel": platform.release(), "boot": text("/proc/sys/kernel/random/boot_id").strip(),
                    "clock": time.time(), "cpus": os.cpu_count()},
    }
def memory():
    held = []
    while True:
        held.append(bytearray(os.urandom(1) * (8 << 20)))
def pids():
    count = 0
    try:
        while count < 100000:
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            count += 1
    except OSError:
        pass
    return {"processes": count}
def output():
    return filled("/output", 1000)
def layer():
    return filled("/tmp", 32)
def filled(folder, files):
    written, block = 0, os.urandom(1 << 20)
    try:
        for number in range(files):
            with open(f"{folder}/{number}", "wb") as file:
                for _ in range(8):
                    written += file.write(block)
    except OSError as error:
        return {"written": written, "why": error.strerror}
    return {"written": written, "why": "done"}
def endless():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(1)
found = globals()[os.environ["PROBE"]]()
print("SEEN " + json.dumps(found), flush=True)
os._exit(0)
"""


def probe_image(engine: ContainerEngine, base: str) -> str:
    """The config digest of an image that is ``base`` with the program in it; made once, kept under our name.

    Raises
    ------
    InputRefused
        The engine has no such base image.
    """
    seen = engine.inspect_image(base)
    if seen is None:
        raise InputRefused(
            f"There is no image {base!r} in the container engine.",
            why="The probe needs an image with python3 to look around in.",
            next_step="Name one with --base, or build the examples' base image with `bash docker/setup.sh`.",
        )
    tag = hashlib.sha256(f"{seen['Id']}{PROGRAM}".encode()).hexdigest()[:12]
    known = engine.inspect_image(f"{REPOSITORY}:{tag}")
    return str(known["Id"]) if known else _made(base, tag)


def _made(base: str, tag: str) -> str:
    with engine_faults("The engine did not make the probe's image"):
        api = connect(seconds=BUILD_SECONDS)
        container = api.create_container(base, command=["true"], labels=soon(BUILD_SECONDS))["Id"]
        try:
            api.put_archive(container, "/", _archive())
            conf = {"Entrypoint": ["python3", f"/{PLACE}"], "Cmd": [], "User": "10001:10001", "Labels": {}}
            image: str = api.commit(container, conf=conf)["Id"]
            api.tag(image, REPOSITORY, tag)
        finally:
            api.remove_container(container, v=True, force=True)
            api.close()
    return image


def _archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(PLACE)
        member.size, member.mode = len(PROGRAM.encode()), 0o755
        archive.addfile(member, io.BytesIO(PROGRAM.encode()))
    return buffer.getvalue()


def seen_in(log: bytes) -> dict[str, Any] | None:
    """What the program printed; None if it never got so far."""
    line = next((line for line in log.decode(errors="replace").splitlines() if line.startswith(MARK)), None)
    if line is None:
        return None
    found: dict[str, Any] = msgspec.json.decode(line.removeprefix(MARK).encode())
    return found
