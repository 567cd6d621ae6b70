"""Empties the outbox, in order, for as long as it takes: a broker that is away for a week finds all of it waiting."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import msgspec

from evaluator.errors import HospitalFault
from evaluator.worker.outbox import Letter, Outbox

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
PRUNE_SECONDS = 3600.0
LOOK_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Carrier(Protocol):
    """Takes a signed message to the platform."""

    def carry(self, body: bytes) -> None:
        """Return when it is surely there. Raises ``HospitalFault``: it is to be tried again."""

    def close(self) -> None: ...


class FolderCarrier:
    """Takes it nowhere: writes, readable, what would have left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def carry(self, body: bytes) -> None:
        document = readable(body)
        path = self._folder / f"{document['serial']:06}-{document['body']['kind']}.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
        logger.info("would send %s", path)

    def close(self) -> None:
        pass


class Sender(threading.Thread):
    """One thread. ``stop`` lets it send what waits, if that goes quickly."""

    def __init__(self, outbox: Outbox, carrier: Carrier) -> None:
        super().__init__(name="sender", daemon=True)
        self._outbox, self._carrier = outbox, carrier
        self._stopping = threading.Event()
        self._wait = FIRST_WAIT
        self._prune_at = time.monotonic()

    def stop(self, *, seconds: float) -> None:
        self._stopping.set()
        self._outbox.filled.set()
        self.join(seconds)

    def run(self) -> None:
        while True:
            self._outbox.filled.clear()
            try:
                while self._send():
                    self._wait = FIRST_WAIT
            except (HospitalFault, sqlite3.Error) as error:  # the broker is away, or the disk is full
                logger.warning("Nothing was sent: %s Tried again in %.1f s.", error, self._wait)
                if self._stopping.wait(self._wait):
                    return
                self._wait = min(2 * self._wait, LONGEST_WAIT)
                continue
            if self._stopping.is_set():
                self._carrier.close()
                return
            self._outbox.filled.wait(LOOK_SECONDS)
            with suppress(sqlite3.Error):  # another time
                self._prune()

    def _send(self) -> bool:
        with self._outbox.next() as letter:
            if letter is not None:
                self._carrier.carry(letter.body)
                _note(letter)
        return letter is not None

    def _prune(self) -> None:
        if time.monotonic() >= self._prune_at:
            self._prune_at = time.monotonic() + PRUNE_SECONDS
            self._outbox.prune()


def readable(body: bytes) -> dict[str, Any]:
    """A signed message with its body as what it is, for people."""
    document: dict[str, Any] = msgspec.json.decode(body)
    return {**document, "body": msgspec.json.decode(document["body"])}


def _note(letter: Letter) -> None:
    logger.log(
        logging.DEBUG if letter.kind in ("presence", "progress") else logging.INFO,
        "left the outbox: %s %d%s, %d bytes",
        letter.kind,
        letter.serial,
        f" of run {letter.run}" if letter.run else "",
        len(letter.body),
    )
