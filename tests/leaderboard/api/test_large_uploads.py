"""Hundreds of megabytes to a real server that is interrupted three times, once by being killed."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests

from evaluator.cli.site import Site

ROOT = Path(__file__).resolve().parents[3]
MIB = 1024**2
USUAL, LONG = 200 * MIB, 2048 * MIB
GROWTH = 64 * MIB  # that a server of two processes may show, however large the archive
MAKE_TOKEN = """
import django; django.setup()
from leaderboard.accounts.services import person_add
from leaderboard.accounts.tokens import token_create
print(token_create(user=person_add(email="m@example.org", team="Team"), name="t", scopes=["submit"], days=1))
"""


class Server:
    """gunicorn as a deployment starts it, on a door that stays open while it is away."""

    def __init__(self, folder: Path) -> None:
        self.uploads = folder / "data" / "uploads"
        self._log = folder / "log"
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self._environment = os.environ | {
            "LEADERBOARD_DATA": str(folder / "data"),
            "DATABASE_URL": "",
            "BROKER_URL": "",
            "DJANGO_SETTINGS_MODULE": "leaderboard.settings",
        }
        self._run("manage.py", "migrate", "-v0")
        self.token = self._run("-c", MAKE_TOKEN).split()[-1]
        self.start()

    def start(self) -> None:
        bind = f"fd://{self._door.fileno()}"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "--config", "docker/gunicorn.py", "--bind", bind],
                cwd=ROOT,
                env=self._environment,
                pass_fds=[self._door.fileno()],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        self.kill()
        self._door.close()

    def memory(self) -> int:
        """What all its processes hold, in bytes."""
        asked = subprocess.run(
            ["ps", "-o", "rss=", "--sid", str(self._process.pid)], capture_output=True, text=True, check=True
        )
        return 1024 * sum(map(int, asked.stdout.split()))

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path)
    yield server
    server.stop()


def archive_of(size: int, path: Path) -> Path:
    rng = np.random.default_rng(7)
    with path.open("wb") as file:
        for _ in range(size // (8 * MIB)):
            file.write(rng.bytes(8 * MIB))
    return path


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Watched:
    """Looks at the server's memory now and then."""

    def __init__(self, server: Server) -> None:
        self._server, self._over = server, threading.Event()
        self.began = self.most = 0

    def __enter__(self) -> Watched:
        self.began = self.most = self._server.memory()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            self.most = max(self.most, self._server.memory())

    @property
    def grown(self) -> int:
        return self.most - self.began


def give_up_after(share: float, size: int) -> Callable[[int], None]:
    """As somebody does who closes the lid."""
    arrived = 0

    def advance(count: int) -> None:
        nonlocal arrived
        arrived += count
        if arrived >= share * size:
            raise KeyboardInterrupt

    return advance


def kill_after(share: float, size: int, server: Server) -> Callable[[int], None]:
    """The server is away for two seconds, once."""
    arrived, killed = 0, False

    def advance(count: int) -> None:
        nonlocal arrived, killed
        arrived += count
        if arrived >= share * size and not killed:
            killed = True
            server.kill()
            threading.Timer(2, server.start).start()

    return advance


def pull_the_cable(server: Server, archive: Path, place: str) -> None:
    """Half of a piece arrives, then nothing."""
    headers = {"Authorization": f"Bearer {server.token}", "Tus-Resumable": "1.0.0"}

    def offset() -> int:
        return int(requests.head(place, headers=headers, timeout=30).headers["Upload-Offset"])

    before = offset()
    told = {
        "Host": "127.0.0.1",
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": before,
        "Content-Length": 16 * MIB,
    } | headers
    request = f"PATCH {urlsplit(place).path} HTTP/1.1\r\n" + "".join(f"{name}: {told[name]}\r\n" for name in told)
    with archive.open("rb") as file, socket.create_connection(("127.0.0.1", urlsplit(place).port or 0)) as line:
        file.seek(before)
        line.sendall(request.encode() + b"\r\n" + file.read(8 * MIB))
    until = time.monotonic() + 60
    while offset() == before:
        assert time.monotonic() < until, "Nothing of it was kept."
        time.sleep(0.2)


def interrupt_three_times(server: Server, folder: Path, size: int) -> str:
    archive, notes = archive_of(size, folder / "archive.tar"), folder / "notes.json"
    site, expected = Site(server.url, server.token), digest(archive)
    with pytest.raises(KeyboardInterrupt):
        site.upload(archive, notes=notes, advance=give_up_after(0.25, size))
    (place,) = json.loads(notes.read_text()).values()
    pull_the_cable(server, archive, place)
    upload = site.upload(archive, notes=notes, advance=kill_after(0.5, size, server))
    assert place.endswith(upload)
    assert digest(server.uploads / f"{upload}.upload") == expected

    with Watched(server) as watched:
        began = time.monotonic()
        again = site.upload(archive, notes=notes, advance=lambda _: None)
        took = time.monotonic() - began
    assert again != upload
    assert digest(server.uploads / f"{again}.upload") == expected
    assert watched.grown < GROWTH
    return (
        f"{size / MIB:,.0f} MiB interrupted three times arrive as they were; without, {size / took / 1e6:,.0f} MB/s by"
        f" tuspy in pieces of 32 MiB with checksums; the server's {watched.began / MIB:.0f} MiB of memory grow"
        f" by {watched.grown / MIB:.0f} MiB"
    )


def test_an_upload_that_is_interrupted_three_times_arrives_whole(
    server: Server, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property("row", interrupt_three_times(server, tmp_path, USUAL))


@pytest.mark.long("upload")
def test_two_gigabytes(server: Server, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    record_property("row", interrupt_three_times(server, tmp_path, LONG))
