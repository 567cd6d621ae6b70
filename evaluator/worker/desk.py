"""What the data steward decided, in the same SQLite: noticed by the worker within a second or two."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evaluator.errors import UsageError
from evaluator.worker.database import Database, now
from evaluator.worker.journal import OVER, State, Stop

IMAGE = re.compile(r"sha256:[0-9a-f]{64}")
ON = "on"


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """``paused``: nothing new begins. ``approves``: every submission waits for the steward."""

    paused: bool
    approves: bool


class Desk:
    """The steward's decisions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def wishes(self) -> Wishes:
        return Wishes(paused=self._database.note("paused") == ON, approves=self._database.note("approves") == ON)

    def pause(self, paused: bool) -> None:
        self._database.keep_note("paused", ON if paused else "")

    def require_approval(self, required: bool) -> None:
        self._database.keep_note("approves", ON if required else "")

    def approve(self, lease: str) -> None:
        self._update("UPDATE orders SET approved = 1 WHERE lease = ? AND state != ?", lease)

    def refuse(self, asked: str) -> str:
        """An image by its digest, or that of a run by its lease: now and in future. Returns what is refused."""
        with self._database.transaction() as connection:
            if IMAGE.fullmatch(asked):
                image = asked
            else:
                self._update("UPDATE orders SET stop = 'refused' WHERE lease = ? AND state != ?", asked)
                row = connection.execute("SELECT image FROM orders WHERE lease = ?", (asked,)).fetchone()
                image = str(row["image"])
            if image:
                connection.execute("INSERT OR IGNORE INTO refused_images (image, at) VALUES (?, ?)", (image, now()))
                connection.execute(
                    "UPDATE orders SET stop = ? WHERE image = ? AND stop = '' AND state NOT IN (?, ?)",
                    (Stop.REFUSED, image, *OVER),
                )
        return image or asked

    def allow(self, image: str) -> None:
        """Take a refusal back, for orders that come from now on."""
        with self._database.transaction() as connection:
            if not connection.execute("DELETE FROM refused_images WHERE image = ?", (image,)).rowcount:
                raise UsageError(
                    f"No image {image!r} is refused.",
                    next_step="`python -m evaluator desk status` lists those that are.",
                )

    def refused_images(self) -> tuple[str, ...]:
        with self._database.reading() as connection:
            return tuple(row["image"] for row in connection.execute("SELECT image FROM refused_images ORDER BY at"))

    def _update(self, change: str, lease: str) -> None:
        with self._database.transaction() as connection:
            if not connection.execute(change, (lease, State.ENDED)).rowcount:
                raise UsageError(
                    f"No order that has not ended has the lease {lease!r}.",
                    next_step="`python -m evaluator desk status` lists the orders; an image is given as sha256:….",
                )
