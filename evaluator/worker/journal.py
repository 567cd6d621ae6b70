"""The orders that came, each once, and how far each is. Written before the broker is told that one arrived."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from evaluator.learnt import learn
from evaluator.wire import CancelOrder, NullsOrder, RunOrder
from evaluator.worker.database import Database, now

Work = RunOrder | NullsOrder


learn(Work)


class State(StrEnum):
    """Of an order."""

    RECEIVED = "received"
    APPROVAL = "waiting-for-approval"
    RUNNING = "running"
    REFUSED = "refused"
    ENDED = "ended"


class Stop(StrEnum):
    """Why an order is not to be carried out any further."""

    CANCELLED = "cancelled"  # by the platform
    REFUSED = "refused"  # by the data steward


OVER = (State.REFUSED, State.ENDED)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """An order as it was journaled."""

    lease: str
    kind: str
    run: int
    image: str
    model: str
    received: str
    state: State
    since: str
    stop: str
    reason: str
    body: bytes

    @property
    def order(self) -> Work:
        order: Work = msgspec.json.decode(self.body, type=Work)
        return order


class Journal:
    """Orders in order of arrival, by lease. A lease that came before is not taken again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def receive(self, order: Work) -> bool:
        """False: it is known already, or was cancelled before it came."""
        submission = order.submission if isinstance(order, RunOrder) else None
        return self._insert(
            order.lease,
            kind="run" if submission else "nulls",
            run=order.run if isinstance(order, RunOrder) else 0,
            body=msgspec.json.encode(order),
            image=submission.image if submission else "",
            model=submission.model if submission else "",
            state=State.RECEIVED,
        )

    def cancel(self, order: CancelOrder) -> bool:
        """True: nothing of it runs, now or later. False: it runs, and is being stopped."""
        with self._database.transaction() as connection:
            if self._insert(order.lease, kind="cancel", run=order.run, body=b"", state=State.ENDED):
                return True
            running = connection.execute(
                "UPDATE orders SET stop = ? WHERE lease = ? AND state = ?",
                (Stop.CANCELLED, order.lease, State.RUNNING),
            )
            if running.rowcount:
                return False
            self.end(order.lease, State.ENDED, reason="Cancelled.")
            return True

    def refuse_message(self, *, sha256: str, why: str) -> None:
        with self._database.transaction() as connection:
            connection.execute("INSERT INTO refused_messages (at, sha256, why) VALUES (?, ?, ?)", (now(), sha256, why))

    def recover(self) -> None:
        """At a start: what ran when the last worker ended is to run again, before what came later."""
        self._move(State.RUNNING, State.RECEIVED)

    def sort(self, *, approves: bool) -> tuple[Entry, ...]:
        """Let submissions wait for approval, or wait no more; those that moved."""
        waits = "state = ? AND kind = 'run' AND approved = 0"
        goes = "state = ? AND approved = 1" if approves else "state = ?"
        with self._database.transaction() as connection:
            to_wait = self._select(waits, State.RECEIVED) if approves else ()
            to_go = self._select(goes, State.APPROVAL)
            for entry in to_wait:
                self._set(connection, entry.lease, State.APPROVAL)
            for entry in to_go:
                self._set(connection, entry.lease, State.RECEIVED)
            return tuple(moved for entry in (*to_wait, *to_go) if (moved := self.find(entry.lease)))

    def take(self) -> Entry | None:
        """The oldest that may run, which runs from now on."""
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT lease FROM orders WHERE state = ? AND stop = '' ORDER BY number LIMIT 1", (State.RECEIVED,)
            ).fetchone()
            if row is None:
                return None
            self._set(connection, row["lease"], State.RUNNING)
            # What was once let through is not asked about again, should it have to run again.
            connection.execute("UPDATE orders SET approved = 1 WHERE lease = ?", (row["lease"],))
            return self.find(row["lease"])

    def stopped(self) -> tuple[Entry, ...]:
        """Those that are to be carried out no more, and have not begun."""
        return self._select("stop != '' AND state IN (?, ?)", State.RECEIVED, State.APPROVAL)

    def put_back(self, lease: str) -> None:
        """It runs no more and is to run again; what has ended stays ended."""
        self._move(State.RUNNING, State.RECEIVED, lease=lease)

    def end(self, lease: str, state: State, *, reason: str = "") -> None:
        with self._database.transaction() as connection:
            self._set(connection, lease, state)
            connection.execute("UPDATE orders SET reason = ? WHERE lease = ?", (reason, lease))

    def stop(self, lease: str) -> Stop | None:
        entry = self.find(lease)
        return Stop(entry.stop) if entry and entry.stop else None

    def refuses(self, image: str) -> bool:
        with self._database.reading() as connection:
            found = connection.execute("SELECT 1 FROM refused_images WHERE image = ?", (image,)).fetchone()
        return found is not None

    def find(self, lease: str) -> Entry | None:
        return next(iter(self._select("lease = ?", lease)), None)

    def held(self) -> tuple[Entry, ...]:
        """What has not ended, oldest first."""
        return self._select("state NOT IN (?, ?)", *OVER)

    def needs(self, image: str) -> bool:
        """An order that has not ended is to run it."""
        return bool(self._select("image = ? AND state NOT IN (?, ?)", image, *OVER))

    def entries(self) -> tuple[Entry, ...]:
        return self._select("1")

    def refused_messages(self) -> int:
        with self._database.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM refused_messages").fetchone()[0])

    def _insert(
        self, lease: str, *, kind: str, run: int, body: bytes, state: State, image: str = "", model: str = ""
    ) -> bool:
        at = now()
        with self._database.transaction() as connection:
            inserted = connection.execute(
                "INSERT OR IGNORE INTO orders (lease, kind, run, body, image, model, received, state, since)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (lease, kind, run, body, image, model, at, state, at),
            )
            return inserted.rowcount == 1

    def _move(self, before: State, after: State, *, lease: str = "") -> None:
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE orders SET state = ?, since = ? WHERE state = ? AND ? IN (lease, '')",
                (after, now(), before, lease),
            )

    def _select(self, where: str, *values: str) -> tuple[Entry, ...]:
        with self._database.reading() as connection:
            query = f"SELECT * FROM orders WHERE {where} ORDER BY number"  # noqa: S608 - words of this file only
            rows = connection.execute(query, values).fetchall()
        return tuple(map(_entry, rows))

    @staticmethod
    def _set(connection: sqlite3.Connection, lease: str, state: State) -> None:
        connection.execute("UPDATE orders SET state = ?, since = ? WHERE lease = ?", (state, now(), lease))


def _entry(row: sqlite3.Row) -> Entry:
    known = {name: row[name] for name in Entry.__dataclass_fields__}
    return Entry(**{**known, "state": State(row["state"])})
