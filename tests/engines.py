"""The machine's own Docker engine, found fit; and a second one, for tests that configure it otherwise or break it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from evaluator.container import certificate
from evaluator.container.docker_engine import DockerEngine

START_SECONDS = 30.0
STOP_SECONDS = 20.0
ROOT, GROUP = "nobody", "nogroup"  # whose subordinate ids remapped users get; every Debian has these two
# A mount namespace of its own, so that nothing it mounts outlives it, that it finds no containerd but its own, and that
# the machine's files stay as they are. One process keeps it: an engine that was killed is started in the same again.
KEEP = """
set -e
folder=$1
[ ! -d /run/containerd ] || mount -t tmpfs none /run/containerd
for file in subuid subgid; do
    [ ! -e "$folder/$file" ] || mount --bind "$folder/$file" "/etc/$file"
done
touch "$folder/kept"
exec sleep infinity
"""


def require_root() -> None:
    """Only root can start an engine; where nobody may skip, a test fails instead."""
    if os.geteuid() == 0:
        return
    why = "Only root can start a second Docker engine: `sudo bash docker/test.sh`."
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


def certify(state: Path) -> None:
    """The doctor has looked at the machine's engine, as it does once a day; what is tested comes after that."""
    state.mkdir(parents=True, exist_ok=True)
    (state / certificate.FILE).write_bytes(_certificate())


@cache
def _certificate() -> bytes:
    with TemporaryDirectory(prefix="cil-fit-") as folder:
        engine = DockerEngine()
        certificate.require_fit(engine, state=Path(folder))
        engine.api.close()
        return (Path(folder) / certificate.FILE).read_bytes()


class SecondEngine:
    """An engine to be killed and started again; everything it makes lies below ``folder``."""

    def __init__(self, folder: Path, *, netns: str | None, options: Sequence[str]) -> None:
        self.address = f"unix://{folder}/docker.sock"
        self._folder = folder
        self._options = [
            f"--host={self.address}",
            f"--data-root={folder}/data",
            f"--exec-root={folder}/exec",
            f"--pidfile={folder}/docker.pid",
            *("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false"),
            *options,
        ]
        # `ip netns exec` would mount another /sys, without the control groups.
        network = ["nsenter", f"--net=/run/netns/{netns}"] if netns else ["unshare", "--net"]
        self._keeper = self._spawn([*network, "unshare", "--mount", "sh", "-c", KEEP, "sh", str(folder)])
        self._wait((folder / "kept").exists, self._keeper)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        spaces = ["nsenter", f"--target={self._keeper.pid}", "--mount", "--net"]
        self._process = self._spawn([*spaces, "dockerd", *self._options])
        self._wait(self._answers, self._process)

    def kill(self) -> None:
        """SIGKILL to it and its containerd; its containers live on."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            # Its containerd ends with it. Where nobody reaps orphans, its number still looks like that of a process.
            (self._folder / "exec/containerd/containerd.pid").unlink(missing_ok=True)

    def close(self) -> None:
        """It ends its containers and its containerd; what it mounted goes with the last of them."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._keeper.kill()
        self._keeper.wait()

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)

    @property
    def _log(self) -> Path:
        return self._folder / "docker.log"

    def _answers(self) -> bool:
        asked = ["docker", f"--host={self.address}", "version"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0

    def _wait(self, done: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        patience = time.monotonic() + START_SECONDS
        while process.poll() is None and time.monotonic() < patience:
            if done():
                return
            time.sleep(0.1)
        pytest.fail(f"No second engine: {self._log.read_text(errors='replace')[-2000:]}")


@contextmanager
def engine_to_break(
    folder: Path, *, netns: str | None = None, options: Sequence[str] = (), first_id: int | None = None
) -> Iterator[SecondEngine]:
    """An engine that has everything it needs, and leaves everything it makes, below ``folder``.

    It runs in the network namespace ``netns``, else in a new one: a second engine takes away the first one's bridge.
    With ``first_id`` users are remapped: a container's root is that user of the host. Others must be able to enter
    ``folder`` then. ``options`` are more of dockerd's.
    """
    if first_id is not None:
        for file in ("subuid", "subgid"):  # which of the two names is looked up depends on the version
            (folder / file).write_text("".join(f"{name}:{first_id}:65536\n" for name in (ROOT, GROUP)))
        options = (*options, f"--userns-remap={ROOT}:{GROUP}")
    engine = SecondEngine(folder, netns=netns, options=options)
    try:
        engine.start()
        yield engine
    finally:
        engine.close()


@contextmanager
def second_engine(
    folder: Path, *, netns: str | None = None, options: Sequence[str] = (), first_id: int | None = None
) -> Iterator[str]:
    """The address of such an engine, for who breaks nothing."""
    with engine_to_break(folder, netns=netns, options=options, first_id=first_id) as engine:
        yield engine.address


def copy_image(name: str, *, to: str) -> None:
    """From the machine's engine to another one, as an archive."""
    with subprocess.Popen(["docker", "save", name], stdout=subprocess.PIPE) as saved:
        subprocess.run(
            ["docker", f"--host={to}", "load", "--quiet"], stdin=saved.stdout, check=True, stdout=subprocess.DEVNULL
        )
    assert saved.returncode == 0


@contextmanager
def small_disk(folder: Path, *, size: int) -> Iterator[Path]:
    """A file system of its own in memory, which can be filled without anybody else's harm."""
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0711", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        shutil.rmtree(folder)
