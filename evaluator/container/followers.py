"""What is watched beside a running container: its log and its memory, each in a thread that ends with it."""

from __future__ import annotations

import contextlib
import threading
from collections import deque

from evaluator.container.engine import ContainerEngine
from evaluator.errors import PlatformFault

HEAD_BYTES = 512 * 1024
TAIL_BYTES = 512 * 1024
PATIENCE_SECONDS = 10.0  # for the rest of a log after its container has ended


class LogFollower:
    """Counts all a container prints; keeps the first and the last half megabyte."""

    def __init__(self, engine: ContainerEngine, name: str) -> None:
        self.count = 0
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._thread = threading.Thread(target=self._follow, args=(engine, name), daemon=True)
        self._thread.start()

    def _follow(self, engine: ContainerEngine, name: str) -> None:
        with contextlib.suppress(PlatformFault):  # the supervisor meets the same engine and says so
            for chunk in engine.follow_log(name):
                self.count += len(chunk)
                room = HEAD_BYTES - len(self._head)
                self._head += chunk[:room]
                self._keep(chunk[max(room, 0) :])

    def _keep(self, chunk: bytes) -> None:
        if not chunk:
            return
        self._tail.append(chunk[-TAIL_BYTES:])
        self._tail_bytes += len(self._tail[-1])
        while self._tail_bytes - len(self._tail[0]) >= TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft())

    def finish(self) -> None:
        self._thread.join(PATIENCE_SECONDS)

    def text(self) -> bytes:
        tail = b"".join(tuple(self._tail))[-TAIL_BYTES:]
        left_out = self.count - len(self._head) - len(tail)
        gap = f"\n[… {left_out:,} bytes left out …]\n".encode() if left_out > 0 else b""
        return bytes(self._head) + gap + tail


class MemoryFollower:
    """The largest resident memory seen, sampled about once a second; None before the first sample."""

    def __init__(self, engine: ContainerEngine, name: str) -> None:
        self.peak: int | None = None
        threading.Thread(target=self._follow, args=(engine, name), daemon=True).start()

    def _follow(self, engine: ContainerEngine, name: str) -> None:
        with contextlib.suppress(PlatformFault):
            for sample in engine.follow_memory(name):
                self.peak = max(sample, self.peak or 0)
