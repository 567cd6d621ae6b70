"""A hospital's worker put together: everything but the connection that orders arrive by."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from evaluator.container.engine import ContainerEngine
from evaluator.container.reaper import reap
from evaluator.wire import Joined, PrivateKey, PublicKey
from evaluator.worker.cohorts import Cohorts, Offers
from evaluator.worker.database import Database
from evaluator.worker.desk import Desk
from evaluator.worker.fitness import Fitness
from evaluator.worker.gpus import Card
from evaluator.worker.housekeeping import Housekeeping
from evaluator.worker.images import Images
from evaluator.worker.intake import Intake
from evaluator.worker.journal import Journal
from evaluator.worker.logs import Logs
from evaluator.worker.outbox import Outbox
from evaluator.worker.presence import Heartbeat
from evaluator.worker.runner import Runner
from evaluator.worker.sender import Carrier, Sender
from evaluator.worker.settings import Settings
from evaluator.worker.work import Bench, Slot

STOP_SECONDS, SEND_SECONDS = 10.0, 3.0  # for containers to be gone, and for saying so

logger = logging.getLogger(__name__)


class Hospital:
    """A thread a slot; one each to send, to say it is there, to offer cohorts, to look at fitness, to tidy up."""

    def __init__(
        self,
        settings: Settings,
        *,
        state: Path,
        key: PrivateKey,
        engine: ContainerEngine,
        check_fit: Callable[[], None],
        cards: Sequence[Card],
        carrier: Carrier,
        database: Database | None = None,
    ) -> None:
        self.stopping, bell = threading.Event(), threading.Event()
        self._database = database or Database(state)
        self._key = key
        journal, desk = Journal(self._database), Desk(self._database)
        self.outbox = Outbox(self._database, hospital=settings.hospital, key=key)
        self.intake = Intake(
            hospital=settings.hospital,
            key=PublicKey(settings.platform_key),
            database=self._database,
            journal=journal,
            outbox=self.outbox,
            bell=bell,
        )
        slots = [Slot(number=number, card=card) for number, card in enumerate(cards)] or [Slot(number=0)]
        cohorts = Cohorts([Path(folder) for folder in settings.cohorts])
        fitness = Fitness(check_fit, stopping=self.stopping)
        logs = Logs(state, days=settings.log_days)
        images = Images(
            engine, registry=settings.registry_of(), folder=Path(settings.images) if settings.images else None
        )
        bench = Bench(
            engine=engine,
            cohorts=cohorts,
            images=images,
            fitness=fitness,
            logs=logs,
            state=state,
            slots=slots,
        )
        self._runners = [
            Runner(
                slot,
                bench=bench,
                database=self._database,
                journal=journal,
                outbox=self.outbox,
                desk=desk,
                beat=settings.beat,
                bell=bell,
                stopping=self.stopping,
            )
            for slot in slots
        ]
        heartbeat = Heartbeat(
            engine=engine,
            slots=slots,
            fitness=fitness,
            cohorts=cohorts,
            journal=journal,
            desk=desk,
            outbox=self.outbox,
            seconds=2 * settings.beat,
            stopping=self.stopping,
        )
        offers = Offers(cohorts, self._database, self.outbox, stopping=self.stopping)
        prunes = (logs.prune, partial(images.prune, days=settings.image_days, needed=journal.needs))
        self._helpers = [fitness, offers, heartbeat, Housekeeping(engine, prunes, stopping=self.stopping)]
        self._sender = Sender(self.outbox, carrier)
        journal.recover()
        reap(engine, time.monotonic())  # what the last worker left when it was killed

    def join(self, code: str) -> None:
        """Say who this is, once for each code."""
        note = hashlib.sha256(code.encode()).hexdigest()
        if self._database.note("joined") == note:
            return
        with self._database.transaction():
            self.outbox.put(Joined(public_key=self._key.public.text, code=code))
            self._database.keep_note("joined", note)

    def start(self) -> None:
        for thread in (self._sender, *self._helpers, *self._runners):
            thread.start()

    def stop(self) -> bool:
        """Stop containers, leave their orders to be resumed, and say so. False: something still runs."""
        self.stopping.set()
        until = time.monotonic() + STOP_SECONDS
        for runner in self._runners:
            runner.join(max(until - time.monotonic(), 0.0))
        self._sender.stop(seconds=SEND_SECONDS)
        return not any(thread.is_alive() for thread in (self._sender, *self._runners))
