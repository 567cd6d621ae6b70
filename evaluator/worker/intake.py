"""What the platform sends: opened with its key, journaled, and no more; the slots do the rest."""

from __future__ import annotations

import hashlib
import logging
import threading

from evaluator.errors import MessageRefused
from evaluator.wire import CancelOrder, Ended, Progress, PublicKey, RunOrder, Stage, open_order
from evaluator.worker.database import Database
from evaluator.worker.journal import Journal
from evaluator.worker.outbox import Outbox

logger = logging.getLogger(__name__)


class Intake:
    """Takes any message any number of times, in any order."""

    def __init__(
        self,
        *,
        hospital: str,
        key: PublicKey,
        database: Database,
        journal: Journal,
        outbox: Outbox,
        bell: threading.Event,
    ) -> None:
        self._hospital, self._key = hospital, key
        self._database, self._journal, self._outbox, self._bell = database, journal, outbox, bell

    def take(self, sealed: object) -> None:
        """Journal an order. Only a disk that cannot be written to raises: then it has not arrived."""
        data = sealed.encode("utf-8", "surrogatepass") if isinstance(sealed, str) else repr(sealed).encode()
        try:
            order = open_order(data, hospital=self._hospital, key=self._key).message
        except MessageRefused as refusal:
            self.refuse(hashlib.sha256(data).hexdigest(), str(refusal))
            return
        if isinstance(order, CancelOrder):
            self._cancel(order)
            return
        with self._database.transaction():
            new = self._journal.receive(order)
            if new and isinstance(order, RunOrder):
                self._outbox.put(Progress(run=order.run, lease=order.lease, stage=Stage.WAITING))
            if not new:
                self._outbox.say_again(order)
        logger.info("order %s %s", order.lease, "came" if new else "came again, or too late")
        self._bell.set()

    def refuse(self, sha256: str, why: str) -> None:
        logger.error("ALERT: a message is refused: %s (SHA-256 %s)", why, sha256)
        self._journal.refuse_message(sha256=sha256, why=why)

    def _cancel(self, order: CancelOrder) -> None:
        with self._database.transaction():
            over = self._journal.cancel(order)
            if over:
                self._outbox.put(Ended(run=order.run, lease=order.lease))
        logger.info("run %d (%s) is cancelled%s", order.run, order.lease, "" if over else "; it is being stopped")
