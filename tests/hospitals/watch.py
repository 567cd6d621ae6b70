"""Looks at the rows four times a second while everything is being broken, and knows how long what stood still."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

LOOK_SECONDS = 0.25
RUNS = """
SELECT run.id, hospital.slug, run.state, run.attempt, run.cases_done, run.state_since, run.heartbeat,
       coalesce(run.lease_until < clock_timestamp(), false) AS overdue,
       coalesce(run.next_attempt_at > clock_timestamp(), false) AS backs_off
FROM evaluations_run run JOIN hospitals_hospital hospital ON hospital.id = run.hospital_id ORDER BY run.id
"""
HEARD = """
SELECT (SELECT extract(epoch FROM clock_timestamp() - max(last_seen)) FROM evaluations_worker),
       (SELECT extract(epoch FROM clock_timestamp() - min(last_seen)) FROM hospitals_enrolment)
"""
OPEN = ("queued", "waiting-for-hospital", "fetching-image", "running", "scoring")


@dataclass(kw_only=True)
class Still:
    """How long something stood still while all was well, and the longest of it."""

    since: float | None = None
    longest: float = 0.0
    what: str = ""

    def look(self, still: bool, now: float, what: str) -> None:
        if not still:
            self.since = None
            return
        if self.since is None:
            self.since = now
        if now - self.since > self.longest:
            self.longest, self.what = now - self.since, what


@dataclass(kw_only=True)
class Watch:
    """``overdue``: a run is held by a lease that has run out. ``idle``: nothing moves at a hospital that has work.

    Neither counts while something is broken: from a strike until the platform's worker and every hospital were heard of
    again.
    """

    url: str
    overdue: dict[int, Still] = field(default_factory=dict)
    idle: dict[str, Still] = field(default_factory=dict)
    broken_until: float | None = None  # None: nobody broke anything; infinity: somebody is at it
    states: set[tuple[str, str]] = field(default_factory=set)  # every step from state to state that was seen
    looks: int = 0

    def longest(self) -> tuple[Still, Still]:
        def worst(stills: list[Still]) -> Still:
            return max(stills, key=lambda one: one.longest, default=Still())

        return worst(list(self.overdue.values())), worst(list(self.idle.values()))

    @contextmanager
    def breaking(self) -> Iterator[None]:
        self.broken_until = float("inf")
        try:
            yield
        finally:
            self.broken_until = time.monotonic()

    @contextmanager
    def watching(self) -> Iterator[None]:
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), name="watch", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _watch(self, over: threading.Event) -> None:
        before: dict[int, tuple[object, ...]] = {}
        while not over.wait(LOOK_SECONDS):
            try:
                with psycopg.connect(self.url, connect_timeout=2) as connection:
                    rows = connection.execute(RUNS).fetchall()
                    heard = connection.execute(HEARD).fetchone()
            except psycopg.Error:
                continue  # it is being broken
            self.looks += 1
            before = self._take(rows, before, well=self._is_well(heard))

    def _is_well(self, heard: tuple[object, ...] | None) -> bool:
        if self.broken_until is None:
            return True
        broken_for = time.monotonic() - self.broken_until
        if broken_for < 0 or heard is None or any(not isinstance(ago, (int, float)) and ago is None for ago in heard):
            return False
        if max(float(str(ago)) for ago in heard) < broken_for:
            self.broken_until = None
        return self.broken_until is None

    def _take(
        self, rows: list[tuple[object, ...]], before: dict[int, tuple[object, ...]], *, well: bool
    ) -> dict[int, tuple[object, ...]]:
        now = time.monotonic()
        moved, working = set(), set()
        seen: dict[int, tuple[object, ...]] = {}
        for pk, slug, *rest, overdue, backs_off in rows:
            assert isinstance(pk, int)
            seen[pk] = tuple(rest)
            state, was = str(rest[0]), before.get(pk)
            self.overdue.setdefault(pk, Still()).look(bool(overdue) and well, now, f"run {pk} at {slug}, {state}")
            if was is not None and was[0] != state:
                self.states.add((str(was[0]), state))
            if was != seen[pk] or backs_off:
                moved.add(str(slug))
            if state in OPEN:
                working.add(str(slug))
        for slug in working | set(self.idle):
            still = slug in working and slug not in moved and well
            self.idle.setdefault(slug, Still()).look(still, now, f"hospital {slug}")
        return seen
