"""One thread for each slot: takes the oldest order that may run, carries it out, and tells how it ended."""

from __future__ import annotations

import logging
import threading

from evaluator.errors import FailureClass, Fault
from evaluator.pipeline.watcher import cancellation
from evaluator.wire import Done, Ended, Failed, NullsDone, NullsOrder, Progress, RunOrder, Stage
from evaluator.worker.database import Database
from evaluator.worker.desk import Desk
from evaluator.worker.fitness import Unfit
from evaluator.worker.housekeeping import wait_until_clear
from evaluator.worker.journal import Entry, Journal, State, Stop
from evaluator.worker.outbox import Outbox
from evaluator.worker.watcher import OrderWatcher
from evaluator.worker.words import Told, expected, full, told
from evaluator.worker.work import Bench, Slot

LOOK_SECONDS = 1.0
STEWARD = Told(
    failure=FailureClass.HOSPITAL_REFUSED,
    reason="The hospital's data steward refused the submission.",
    next_step="Ask the hospital.",
)

logger = logging.getLogger(__name__)


class Runner(threading.Thread):
    """``bell`` is set when an order came; the steward's decisions are looked up once a second."""

    def __init__(
        self,
        slot: Slot,
        *,
        bench: Bench,
        database: Database,
        journal: Journal,
        outbox: Outbox,
        desk: Desk,
        beat: float,
        bell: threading.Event,
        stopping: threading.Event,
    ) -> None:
        super().__init__(name=f"slot-{slot.number}", daemon=True)
        self._slot, self._bench = slot, bench
        self._database, self._journal, self._outbox, self._desk = database, journal, outbox, desk
        self._beat, self._bell, self._stopping = beat, bell, stopping
        self._left_lying: str | None = None  # an order whose end could not be written down: it runs again

    def run(self) -> None:
        while not self._stopping.is_set():
            try:
                worked = self.look()
            except Exception:  # a full disk, say: nothing is lost, and the thread goes on
                logger.exception("slot %d stumbled; tried again in a moment", self._slot.number)
                self._stopping.wait(LOOK_SECONDS)
                continue
            if not worked:
                self._bell.wait(LOOK_SECONDS)
                self._bell.clear()

    def look(self) -> bool:
        """Whether there was an order to carry out."""
        if self._left_lying:
            self._journal.put_back(self._left_lying)
            self._left_lying = None
        entry = self._next()
        if entry is None:
            return False
        self._left_lying = entry.lease
        self._carry_out(entry)
        self._left_lying = None
        return True

    def _next(self) -> Entry | None:
        """The order to carry out now, by what the steward wishes at this very moment.

        Where the machine is not fit they wait: that costs no attempt, and an engine that is restarted is soon back.
        """
        with self._database.transaction():
            wishes = self._desk.wishes()
            self._sort(approves=wishes.approves)
            waits = wishes.paused or self._bench.fitness.why or self._stopping.is_set()
            return None if waits else self._journal.take()

    def _sort(self, *, approves: bool) -> None:
        """Who waits for approval, who waits no more, and who was refused before it began."""
        for entry in self._journal.stopped():
            self._call_off(entry, Stop(entry.stop))
        for entry in self._journal.sort(approves=approves):
            if entry.kind == "run":
                stage = Stage.APPROVAL if entry.state is State.APPROVAL else Stage.WAITING
                self._outbox.put(Progress(run=entry.run, lease=entry.lease, stage=stage))

    def _carry_out(self, entry: Entry) -> None:
        order = entry.order
        run = order if isinstance(order, RunOrder) else None
        if run and self._journal.refuses(entry.image):
            self._fail(entry, STEWARD)
            return
        watcher = OrderWatcher(
            lease=entry.lease,
            run=run,
            journal=self._journal,
            outbox=self._outbox,
            beat=self._beat,
            stopping=self._stopping,
        )
        logger.info("%s begins on slot %d", _called(entry), self._slot.number)
        goes_on = False
        try:
            self._settle(entry, self._report(order, watcher))
        except Exception as error:  # whatever it was, the platform is told that it ended
            goes_on = self._end(entry, error, watcher)
        if run and not goes_on:
            self._bench.forget(run)

    def _report(self, order: RunOrder | NullsOrder, watcher: OrderWatcher) -> Done | NullsDone:
        if isinstance(order, NullsOrder):
            return self._bench.nulls(order, watcher=watcher)
        return self._bench.run(order, slot=self._slot, watcher=watcher)

    def _settle(self, entry: Entry, report: Done | NullsDone) -> None:
        with self._database.transaction():
            if self._journal.stop(entry.lease):
                raise cancellation()  # at the last moment
            self._outbox.put(report)
            self._journal.end(entry.lease, State.ENDED, reason="Done.")
        logger.info("%s is done", _called(entry))

    def _end(self, entry: Entry, error: Exception, watcher: OrderWatcher) -> bool:
        """Whether it is likely to go on from where it was, now or when it is ordered again."""
        wait_until_clear(stopping=self._stopping, beat=watcher.cancelled)
        stop = self._journal.stop(entry.lease)
        if stop:
            with self._database.transaction():
                self._call_off(entry, stop)
            return False
        if self._stopping.is_set() or isinstance(error, Unfit):
            with self._database.transaction():
                self._journal.put_back(entry.lease)
                if entry.kind == "run":
                    self._outbox.put(Progress(run=entry.run, lease=entry.lease, stage=Stage.WAITING))
            when = "the worker is started again" if self._stopping.is_set() else "this machine is fit again"
            logger.info("%s goes on when %s", _called(entry), when)
            return True
        logger.error("%s ended: %s", _called(entry), full(error), exc_info=None if expected(error) else error)
        why = told(error)
        self._fail(entry, why)
        return why.failure.fault in (Fault.PLATFORM, Fault.HOSPITAL)

    def _call_off(self, entry: Entry, stop: Stop) -> None:
        if stop is Stop.REFUSED:
            self._fail(entry, STEWARD)
            return
        self._journal.end(entry.lease, State.ENDED, reason="Cancelled.")
        self._outbox.put(Ended(run=entry.run, lease=entry.lease))
        logger.info("%s is cancelled, and nothing of it runs any more", _called(entry))

    def _fail(self, entry: Entry, why: Told) -> None:
        with self._database.transaction():
            state = State.REFUSED if why is STEWARD else State.ENDED
            self._journal.end(entry.lease, state, reason=why.reason)
            self._outbox.put(
                Failed(
                    run=entry.run, lease=entry.lease, failure=why.failure, reason=why.reason, next_step=why.next_step
                )
            )


def _called(entry: Entry) -> str:
    return f"run {entry.run} ({entry.lease})" if entry.kind == "run" else f"the null submissions ({entry.lease})"
