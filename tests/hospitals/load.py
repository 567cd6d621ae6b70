"""A platform with many hospitals at work, and submissions that come in steadily."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import msgspec
from django.core.management import call_command

from evaluator.worker.database import FILE
from evaluator.worker.settings import Settings
from leaderboard.accounts.services import team_add
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import NullResult, Run
from leaderboard.hospitals.models import Cohort, CohortOffer
from tests.factories import TeamFactory, UserFactory
from tests.hospitals.central import ROOT, Central
from tests.hospitals.crowd import IMAGES, Member, Stamp, read_stamps
from tests.hospitals.spawned import Spawned
from tests.hospitals.stage import People, accept, benchmark_of
from tests.tiny_cohorts import write_tiny_cohort

CASES = 4
JOIN_SECONDS, STILL_SECONDS = 600.0, 180.0
UNSENT = "SELECT count(*) FROM outbox WHERE sent_at IS NULL"
SENT = "SELECT count(*) FROM outbox WHERE sent_at IS NOT NULL"
REFUSED = "SELECT count(*) FROM refused_messages"


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """All hospitals; ``worker`` is the process above theirs."""

    members: tuple[Member, ...]
    worker: Spawned

    def count(self, query: str) -> int:
        """Over all hospitals' own databases."""
        total = 0
        for member in self.members:
            with closing(sqlite3.connect(Path(member.state) / FILE)) as connection:
                total += int(connection.execute(query).fetchone()[0])
        return total

    def doing(self) -> str:
        """What every thread of every process does just now, as they say it themselves."""
        before = len(self.worker.said())
        os.killpg(self.worker.pid, signal.SIGUSR1)
        time.sleep(2)
        return self.worker.said()[before:]

    def stamps(self) -> list[Stamp]:
        return [stamp for member in self.members for stamp in read_stamps(Path(member.state))]


@contextmanager
def open_crowd(folder: Path, *, hospitals: int) -> Iterator[Crowd]:
    """Enrolled at the platform, which runs; joined; their cohorts taken in."""
    members = tuple(_enrol(folder / f"hospital-{number:03}", number) for number in range(hospitals))
    told = folder / "members.json"
    told.touch(mode=0o600)
    told.write_bytes(msgspec.json.encode(members))
    command = [sys.executable, "-m", "tests.hospitals.crowd", str(told)]
    theirs = {name: value for name, value in os.environ.items() if not name.startswith(("BROKER", "DATABASE"))}
    worker = Spawned("crowd", command, log=folder / "crowd.log", environment=theirs, folder=ROOT)
    worker.start()
    try:
        worker.wait_until(lambda: CohortOffer.objects.count() == hospitals, seconds=JOIN_SECONDS)
        for offer in CohortOffer.objects.select_related("hospital"):
            call_command("hospital", "accept", offer.hospital.slug, offer.fingerprint[:16], stdout=StringIO())
        yield Crowd(members=members, worker=worker)
    finally:
        worker.stop()


def _enrol(folder: Path, number: int) -> Member:
    """With what `hospital enrol` prints."""
    printed = StringIO()
    call_command("hospital", "enrol", folder.name, "--name", f"Hospital {number:03}", stdout=printed)
    told = dict(re.findall(r"--(\S+) '?([^\s']+)", printed.getvalue()))
    write_tiny_cohort(folder / "cohort", cases=CASES, hospital=folder.name, first=number * CASES)
    settings = Settings(
        hospital=told["hospital"],
        broker=told["broker"],
        platform_key=told["platform-key"],
        cohorts=(str(folder / "cohort"),),
    )
    return Member(settings=settings, code=told["code"], state=str(folder / "state"))


@dataclass(frozen=True, kw_only=True)
class Plan:
    """So many hospitals, and so many submissions, one every so many seconds, of the teams in turn."""

    hospitals: int
    submissions: int
    every: float
    teams: int = 5

    @property
    def runs(self) -> int:
        return self.hospitals * self.submissions


def hand_in(plan: Plan) -> Iterator[int]:
    """Accepted submissions, each when it is due; the number of the one that was just handed in."""
    benchmark = benchmark_of(list(Cohort.objects.order_by("hospital__slug")), sample=None)
    teams = [_team() for _ in range(plan.teams)]
    began = time.monotonic()
    for number in range(plan.submissions):
        time.sleep(max(began + number * plan.every - time.monotonic(), 0.0))
        _accept(number, benchmark, teams[number % plan.teams])
        yield number


def _team() -> People:
    who = People(team=TeamFactory.create(), member=UserFactory.create())
    team_add(team=who.team, user=who.member)
    return who


def _accept(number: int, benchmark: Benchmark, who: People) -> None:
    accept(model=f"Model {number}", image=IMAGES[number % len(IMAGES)], benchmark=benchmark, who=who)


def wait_until_done(plan: Plan, platform: Central, crowd: Crowd) -> None:
    """As long as anything moves."""
    before, until = -1, 0.0
    while True:
        done = Run.objects.filter(state=Run.State.DONE).count()
        waits = NullResult.objects.filter(computed_at__isnull=True).count()
        if done == plan.runs and not waits:
            return
        if done - waits != before:
            before, until = done - waits, time.monotonic() + STILL_SECONDS
        if time.monotonic() > until:
            raise AssertionError(f"{done} of {plan.runs} runs are done, and nothing moves\n{crowd.doing()}")
        for process in (platform.worker, platform.intake, crowd.worker):
            assert process.runs(), f"{process.name} has ended:\n{process.said()[-4000:]}"
        time.sleep(0.5)
