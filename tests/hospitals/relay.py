"""One port passed on to one other: what a hospital's firewall would let through."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

CHUNK = 1 << 16


class Relay:
    """Takes connections on ``listener`` and carries their bytes to and from ``to``, until it is closed."""

    def __init__(self, listener: socket.socket, *, to: tuple[str, int]) -> None:
        self._listener, self._to = listener, to
        self._open: set[socket.socket] = set()
        threading.Thread(target=self._listen, name=f"relay to {to[1]}", daemon=True).start()

    def close(self) -> None:
        for one in (self._listener, *self._open):
            _end(one)

    def _listen(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # it is closed
            try:
                far = socket.create_connection(self._to, timeout=10)
            except OSError:
                near.close()  # as a port where nobody listens
                continue
            far.settimeout(None)
            self._open |= {near, far}
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(CHUNK):
                target.sendall(data)
        except OSError:
            pass  # one side is gone, and so the other goes
        for one in (source, target):
            _end(one)
            self._open.discard(one)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
