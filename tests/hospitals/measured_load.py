"""A plan carried out, with gauges read at its beginning, in its middle and at its end."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from leaderboard.evaluations.models import CohortResult
from tests.hospitals import gauges
from tests.hospitals.central import Central
from tests.hospitals.load import CASES, Crowd, Plan, hand_in, wait_until_done
from tests.hospitals.services import Services
from tests.hospitals.waits import said, waits

OVERDUE = "SELECT count(*) FROM evaluations_run WHERE lease_until < clock_timestamp()"
LOOK_SECONDS = 2.0


@dataclass(kw_only=True)
class Load:
    """What runs while a plan is carried out, and the gauges before, in the middle and after."""

    plan: Plan
    own: Services
    platform: Central
    crowd: Crowd
    database: str
    readings: list[gauges.Reading] = field(default_factory=list)
    overdue: int = 0
    looks: int = 0

    def carry_out(self) -> None:
        gauges.count_statements(self.database)
        with self._looking():
            self._read()
            for number in hand_in(self.plan):
                if number == self.plan.submissions // 2:
                    self._read()
            wait_until_done(self.plan, self.platform, self.crowd)
            self._read()

    def _read(self) -> None:
        pids = {
            "platform's worker": self.platform.worker.pid,
            "intake": self.platform.intake.pid,
            "PostgreSQL": self.own.postgresql.pid,
            "RabbitMQ": self.own.rabbitmq.pid,
            "hospitals": self.crowd.worker.pid,
        }
        self.readings.append(gauges.read(pids, self.database))

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """For runs whose hospital was not heard of in time."""
        over = threading.Event()

        def look() -> None:
            with psycopg.connect(self.database, autocommit=True) as connection:
                while not over.wait(LOOK_SECONDS):
                    row = connection.execute(OVERDUE).fetchone()
                    self.overdue, self.looks = self.overdue + (row[0] if row else 0), self.looks + 1

        thread = threading.Thread(target=look, name="look", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def shown(self) -> str:
        """The figures, as a note can take them."""
        begin, *_, end = self.readings
        seconds = end.at - begin.at
        first, *_, last = sorted(result.received for result in CohortResult.objects.only("received"))
        runs, between = self.plan.runs, max((last - first).total_seconds(), 1.0)
        found = waits(self.crowd.stamps())
        lines = [
            f"{self.plan.hospitals} hospitals, {self.plan.submissions} submissions of {self.plan.teams} teams, one"
            f" every {self.plan.every:g} s: {runs:,} runs and {runs * CASES:,} case results in {seconds:.0f} s; from"
            f" the first to the last {runs / between:.1f} runs/s, {runs * CASES / between:.1f} case results/s",
            said("in line until ordered: median", found.line),
            said("order until the hospital says that it has it: median", found.order),
            said("result sent until taken in: median", found.result),
            said("run from first to last: median", found.whole),
        ]
        done = {name: end.database[name] - begin.database[name] for name in end.database}
        lines.append(
            f"database: {done['xact_commit'] / seconds:.0f} transactions/s, {done['calls'] / seconds:.0f} statements/s,"
            f" {done['tup_returned'] / seconds:,.0f} rows read/s, {done['tup_written'] / seconds:.0f} written/s,"
            f" {done['xact_rollback']:.0f} rolled back, {done['deadlocks']:.0f} deadlocks; in statements"
            f" {done['milliseconds'] / 10 / seconds:.1f} % of a core"
        )
        for name, last_used in end.used.items():
            share = (last_used.seconds - begin.used[name].seconds) / seconds
            memory = " → ".join(f"{one.used[name].memory / 1e6:,.0f}" for one in self.readings)
            lines.append(f"{name}: {100 * share:.0f} % of a core, {memory} MB")
        lines += gauges.dearest(self.database)
        return "\n".join([*lines, f"load of the machine at the end {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"])
