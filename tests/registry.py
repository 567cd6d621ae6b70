"""A registry of images on this machine: Debian's docker-registry, gone when the test is over."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import requests

CONFIG = """\
version: 0.1
storage:
  filesystem: {{rootdirectory: {root}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


class LocalRegistry:
    """A context manager; ``place`` is what the engine calls it."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as held:
            port = held.getsockname()[1]
        self.place = f"127.0.0.1:{port}"
        self._config = folder / "registry.yml"
        self._config.write_text(CONFIG.format(root=folder / "registry", port=port))
        self._log = folder / "registry.log"

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(["docker-registry", "serve", self._config], stdout=log, stderr=log)
        until = time.monotonic() + 30
        while not self._answers():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < until, "the registry did not start"
            time.sleep(0.1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.terminate()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            return requests.get(f"http://{self.place}/v2/", timeout=5, proxies={"http": ""}).ok
        except requests.ConnectionError:
            return False
