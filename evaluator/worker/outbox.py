"""Everything that leaves: signed, kept here first, sent in order, and readable for the data steward."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from evaluator.errors import MessageRefused
from evaluator.wire import NullsOrder, Presence, PrivateKey, Progress, Report, RunOrder, seal
from evaluator.wire.envelope import LARGEST
from evaluator.worker.database import Database, now

KEPT = timedelta(days=90)  # of what was sent; results for ever
ENDS = "('done', 'failed', 'ended', 'nulls-done')"


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message as it was signed. ``sent_at`` is empty until the broker confirmed it."""

    serial: int
    at: str
    kind: str
    run: int | None
    body: bytes
    sent_at: str | None


class Outbox:
    """Gaps in the serials are messages that newer ones made needless before they left."""

    def __init__(self, database: Database, *, hospital: str, key: PrivateKey) -> None:
        self._database, self._hospital, self._key = database, hospital, key
        self.filled = threading.Event()  # whoever sends waits for it

    def put(self, message: Report) -> int:
        """Sign and keep a message; its serial.

        Raises
        ------
        MessageRefused
            It does not fit the wire's schema; nothing is kept.
        """
        kind, run = str(message.__struct_config__.tag), getattr(message, "run", None)
        with self._database.transaction() as connection:
            if isinstance(message, Presence | Progress):
                connection.execute(
                    "DELETE FROM outbox WHERE kind = ? AND run IS ? AND sent_at IS NULL AND tried_at IS NULL",
                    (kind, run),
                )
            new = "INSERT INTO outbox (at, kind, run, body) VALUES (?, ?, ?, '')"
            serial = int(connection.execute(new, (now(), kind, run)).lastrowid or 0)
            body = seal(message, hospital=self._hospital, serial=serial, key=self._key)
            if len(body) > LARGEST:
                raise MessageRefused(f"A message of {len(body):,} bytes is larger than may be sent.")
            connection.execute("UPDATE outbox SET body = ? WHERE serial = ?", (body, serial))
        self.filled.set()
        return serial

    def say_again(self, order: RunOrder | NullsOrder) -> None:
        """How it ended, if it did, leaves once more: who orders it again has not kept that, as after a restoration."""
        run, lease = getattr(order, "run", None), f'"{order.lease}\\"'.encode()  # quoted within what is quoted
        with self._database.transaction() as connection:
            ended = f"SELECT serial, body FROM outbox WHERE run IS ? AND kind IN {ENDS} ORDER BY serial DESC"  # noqa: S608
            for row in connection.execute(ended, (run,)).fetchall():
                if lease in row["body"]:
                    connection.execute("UPDATE outbox SET sent_at = NULL WHERE serial = ?", (row["serial"],))
                    self.filled.set()
                    return

    @contextmanager
    def next(self) -> Iterator[Letter | None]:
        """The oldest that has not left, marked as tried: from now on nothing removes it. Sent if nothing is raised."""
        with self._database.transaction() as connection:
            found = connection.execute("SELECT * FROM outbox WHERE sent_at IS NULL ORDER BY serial LIMIT 1").fetchone()
            if found:
                connection.execute("UPDATE outbox SET tried_at = ? WHERE serial = ?", (now(), found["serial"]))
        yield _letter(found) if found else None
        if found:
            with self._database.transaction() as connection:
                connection.execute("UPDATE outbox SET sent_at = ? WHERE serial = ?", (now(), found["serial"]))

    def prune(self) -> int:
        """Forget what was sent long ago and holds no results."""
        oldest = (datetime.now(UTC) - KEPT).isoformat(timespec="seconds")
        with self._database.transaction() as connection:
            gone = connection.execute(
                "DELETE FROM outbox WHERE sent_at < ? AND kind NOT IN ('done', 'nulls-done', 'cohort')", (oldest,)
            )
            return gone.rowcount


def letters(database: Database) -> tuple[Letter, ...]:
    """All that is kept, oldest first."""
    with database.reading() as connection:
        return tuple(map(_letter, connection.execute("SELECT * FROM outbox ORDER BY serial")))


def letter(database: Database, serial: int) -> Letter | None:
    with database.reading() as connection:
        found = connection.execute("SELECT * FROM outbox WHERE serial = ?", (serial,)).fetchone()
    return _letter(found) if found else None


def _letter(row: sqlite3.Row) -> Letter:
    return Letter(**{name: row[name] for name in Letter.__dataclass_fields__})
