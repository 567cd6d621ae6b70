"""The platform in containers: started, driven by a submission, backed up, destroyed, restored: the same leaderboard.

Its engine is a second one, in a network namespace of its own: there it may make networks and publish ports.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE = 900
SITE = "https://localhost:8443"
BOARD = f"{SITE}/leaderboard/pancreas-ct/"


def call(*command: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, env=env)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout[-6000:]}"
    return done.stdout


@contextmanager
def engine(folder: Path, namespace: str) -> Iterator[str]:
    """A Docker engine with a bridge; the machine's own network does not see it."""
    call("ip", "netns", "add", namespace)
    net = f"--net=/run/netns/{namespace}"
    call("nsenter", net, "ip", "link", "set", "lo", "up")
    host = f"unix://{folder}/docker.sock"
    places = ["--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(
            ["nsenter", net, "dockerd", "-H", host, *places], stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait(lambda: answers(host), what=folder / "log", seconds=60)
        yield host
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(timeout=120)
        call("ip", "netns", "del", namespace)


def answers(host: str) -> bool:
    return subprocess.run(["docker", "-H", host, "version"], capture_output=True, check=False).returncode == 0


def wait(done: Callable[[], bool], *, what: Path | Callable[[], str], seconds: float = PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not done():
        if time.monotonic() > until:
            pytest.fail((what.read_text() if isinstance(what, Path) else what())[-6000:])
        time.sleep(1)


@dataclass(kw_only=True)
class Platform:
    """docker/compose.sh of a copy of this checkout, and a visitor in the engine's network."""

    root: Path
    place: Path
    host: str
    namespace: str
    took: list[str] = field(default_factory=list)

    def compose(self, *arguments: str) -> str:
        own = {
            "PLATFORM": str(self.place),
            "DOCKER_HOST": self.host,
            "DOCKER_SOCKET": self.host.removeprefix("unix://"),
            "HTTPS_PORT": "8443",
            "ORGANISER": "first@example.org",
            "PROJECT": "composed",
        }
        names = ("LEADERBOARD_DATA", "DATABASE_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH")
        env = {name: value for name, value in os.environ.items() if name not in names}
        return call("bash", str(self.root / "docker/compose.sh"), *arguments, env=env | own)

    def manage(self, *arguments: str) -> str:
        return self.compose("exec", "-T", "worker", "python3", "manage.py", *arguments)

    def visit(self, *arguments: str) -> tuple[int, str]:
        visitor = [sys.executable, str(ROOT / "tests/docker/visitor.py"), f"{self.place}/tls/ca.pem", *arguments]
        said = call("nsenter", f"--net=/run/netns/{self.namespace}", *visitor)
        status, _, text = said.partition("\n")
        return int(status), text

    def wait_until_ready(self) -> None:
        wait(lambda: "Up (healthy)" in self.compose("ps", "web"), what=lambda: self.compose("logs", "web"))
        wait(lambda: self.visit("get", f"{SITE}/health/ready")[0] == 200, what=lambda: self.compose("logs"))

    def timed(self, what: str, *arguments: str) -> str:
        began = time.monotonic()
        said = self.compose(*arguments)
        self.took.append(f"{what} {time.monotonic() - began:.0f} s")
        return said


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    root = tmp_path / "checkout"
    shutil.copytree(ROOT, root, ignore=shutil.ignore_patterns(".git", ".data", ".venv", ".*_cache", "__pycache__"))
    (ROOT / ".data/cache").mkdir(parents=True, exist_ok=True)
    (root / ".data").mkdir()
    (root / ".data/cache").symlink_to(ROOT / ".data/cache")  # what is fetched once is fetched for all
    folder = Path(tempfile.mkdtemp(prefix="cil-"))  # short, for sockets
    namespace = f"cil-compose-{os.getpid()}"
    try:
        with engine(folder, namespace) as host:
            yield Platform(root=root, place=folder / "platform", host=host, namespace=namespace)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def furnish(platform: Platform) -> None:
    """Two hospitals with small synthetic scans, sample cases, terms, a benchmark, and a team."""
    cohorts = platform.place / "cohorts/made"
    order = ("--hospitals", "2", "--cases", "32", "--coarseness", "5", "--seed", "3")
    platform.compose("exec", "-T", "worker", "python3", "-m", "evaluator", "synthesize", str(cohorts), *order)
    for path in sorted(cohorts.iterdir()):
        if (path / "cohort.json").exists():
            sample = ("--sample",) if path.name == "sample" else ()
            platform.manage("import_cohort", path.name, str(path), "--name", path.name.capitalize(), *sample)
    platform.manage("publish_terms")
    platform.manage("pancreas_benchmark")
    platform.manage("add_person", "team@example.org", "--team", "Composers")


@pytest.mark.long("compose")
@pytest.mark.containers
def test_what_was_destroyed_is_restored_with_the_same_leaderboard(
    platform: Platform, record_property: Callable[[str, object], None]
) -> None:
    call("bash", "-c", f"docker save cil-base:latest | docker -H {platform.host} load")
    platform.timed("images and first start", "up", "-d")
    platform.wait_until_ready()

    link = re.search(rf"first@example.org\..* {SITE}(/accounts/login/\S+)", platform.compose("logs", "setup"))
    assert link
    assert platform.visit("get", SITE + link[1])[0] == 200
    assert platform.visit("get", SITE + link[1])[0] == 410
    assert platform.visit("get", f"{SITE}/metrics")[0] == 403
    assert platform.visit("get", f"{SITE}/v2/")[0] == 401
    sees_the_socket = [
        name
        for name in ("web", "beat", "proxy", "postgres", "rabbitmq", "registry", "worker")
        if "docker.sock" in call("docker", "-H", platform.host, "inspect", f"composed_{name}_1", "-f", "{{.Mounts}}")
    ]
    assert sees_the_socket == ["worker"]

    furnish(platform)
    assert platform.manage("doctor").rstrip().endswith("All is well.")
    env = os.environ | {"DOCKER_HOST": platform.host}
    examples = platform.place / "examples"
    call("bash", str(ROOT / "docker/examples/build.sh"), "--save", str(examples), "cil-base:latest", env=env)
    login = platform.manage("login_link", "team@example.org").strip()
    status, text = platform.visit("submit", SITE, login, str(examples / "blobs.tar"), "Composed")
    assert status == 302, text
    began = time.monotonic()
    wait(lambda: "Composed" in platform.visit("get", BOARD)[1], what=lambda: platform.compose("logs", "worker"))
    platform.took.append(f"submission to leaderboard {time.monotonic() - began:.0f} s")
    before = settled(platform)

    backup = platform.place / "backups/one"
    platform.timed("backup", "exec", "-T", "worker", "python3", "manage.py", "backup", str(backup))
    whole = platform.manage("audit", "verify")
    platform.compose("down", "--volumes")
    for path in (platform.place / "data").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    platform.compose("up", "-d", "postgres")
    restore = ("run", "--rm", "--no-deps", "-T", "worker", "python3", "manage.py", "restore", str(backup))
    assert "LOG_KEYS read the logs of the backup." in platform.timed("restore", *restore)
    platform.timed("start again", "up", "-d")
    platform.wait_until_ready()
    assert platform.visit("get", BOARD) == before
    assert head(platform.manage("audit", "verify")) == head(whole)
    assert "There is an organiser already." in platform.compose("logs", "setup")
    record_property("shown", ", ".join(platform.took))


def settled(platform: Platform) -> tuple[int, str]:
    """The page once two looks at it agree: rankings are made again while null submissions come in."""
    found = platform.visit("get", BOARD)
    while True:
        time.sleep(25)  # two turns of the reconciler
        again = platform.visit("get", BOARD)
        if again == found:
            return found
        found = again


def head(said: str) -> str:
    return said.rpartition("sha256:")[2].strip()
