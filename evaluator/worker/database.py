"""The hospital's own notes, in one SQLite file: what it was ordered, what left, and what its data steward decided."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

FILE = "worker.sqlite3"
BUSY_SECONDS = 20.0

TABLES = """
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    lease TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    run INTEGER NOT NULL DEFAULT 0,
    body BLOB NOT NULL,
    image TEXT NOT NULL DEFAULT '',
    model TEXT NOT NULL DEFAULT '',
    received TEXT NOT NULL,
    state TEXT NOT NULL,
    since TEXT NOT NULL,
    approved INTEGER NOT NULL DEFAULT 0,
    stop TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS orders_by_state ON orders (state, number);
CREATE TABLE IF NOT EXISTS outbox (
    serial INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    run INTEGER,
    body BLOB NOT NULL,
    tried_at TEXT,
    sent_at TEXT
);
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (serial) WHERE sent_at IS NULL;
CREATE TABLE IF NOT EXISTS refused_messages (at TEXT NOT NULL, sha256 TEXT NOT NULL, why TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS refused_images (image TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


class Database:
    """Short transactions, each on a connection of its own, so that any thread and the steward's commands may write.

    Nested in one thread they are one: an order ends in the same transaction that puts its results into the outbox.
    Every commit is on the disk: a serial that left is never given out again, whatever fails.
    """

    def __init__(self, state: Path) -> None:
        self.path = state / FILE
        state.mkdir(parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        self._open = threading.local()
        with closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(TABLES)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        outer: sqlite3.Connection | None = getattr(self._open, "connection", None)
        if outer is not None:
            yield outer
            return
        with closing(self._connect()) as connection:
            self._open.connection = connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._open.connection = None

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One look, which waits for no writer."""
        outer: sqlite3.Connection | None = getattr(self._open, "connection", None)
        if outer is not None:
            yield outer
            return
        with closing(self._connect()) as connection:
            yield connection

    def note(self, name: str) -> str:
        """What was noted under this name; "" if nothing was."""
        with self.reading() as connection:
            found = connection.execute("SELECT value FROM notes WHERE name = ?", (name,)).fetchone()
        return str(found["value"]) if found else ""

    def keep_note(self, name: str, value: str) -> None:
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO notes (name, value) VALUES (?, ?)", (name, value))

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous=FULL")
        return connection


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
