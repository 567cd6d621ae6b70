"""Whether the platform can do its work, and its figures as rows tell them: any process counts the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Min, Q

from leaderboard.audit.models import Record
from leaderboard.evaluations.models import CohortResult, Evaluation, Run, Worker
from leaderboard.lib import dependencies
from leaderboard.submissions.models import Submission

CHECKS = (dependencies.database, dependencies.migrations, dependencies.broker, dependencies.data_folder)
KEPT_SECONDS = 5.0  # anybody may ask: the dependencies are not asked more often than this
LOST = ("run.lease-lost", "submission.lease-lost")


class _Readiness:
    """The last answer of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._at = 0.0
        self._found: Mapping[str, bool] = {}

    def __call__(self) -> Mapping[str, bool]:
        with self._lock:
            if not self._found or time.monotonic() - self._at > KEPT_SECONDS:
                self._found = {(found := check()).name: found.ok for check in CHECKS}
                self._at = time.monotonic()
                if not connection.in_atomic_block:
                    connection.close_if_unusable_or_obsolete()
            return self._found

    def forget(self) -> None:
        self._found = {}


readiness = _Readiness()


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Counts by their labels, and since when the oldest of a state has been in it."""

    runs: dict[tuple[str, str], int]  # state, hospital
    runs_oldest: dict[str, datetime]
    submissions: dict[str, int]
    submissions_oldest: dict[str, datetime]
    evaluations: dict[str, int]
    queues: dict[str, int]
    failures: dict[tuple[str, str], int]  # class, whose fault
    workers: dict[str, datetime]
    lost: dict[str, int]
    results: int


def figures() -> Figures:
    runs = Run.objects.order_by().values("state", "hospital__slug").annotate(n=Count("pk"), oldest=Min("state_since"))
    rows = list(runs)
    states = list(Submission.objects.order_by().values("state").annotate(n=Count("pk"), oldest=Min("state_since")))
    oldest: dict[str, datetime] = {}
    for row in rows:
        oldest[row["state"]] = min(row["oldest"], oldest.get(row["state"], row["oldest"]))
    failures = Run.objects.exclude(failure="").order_by().values("failure", "fault").annotate(n=Count("pk"))
    evaluations = Evaluation.objects.order_by().values("state").annotate(n=Count("pk"))
    lost = Record.objects.filter(act__in=LOST).order_by().values("act").annotate(n=Count("pk"))
    return Figures(
        runs={(row["state"], row["hospital__slug"]): row["n"] for row in rows},
        runs_oldest=oldest,
        submissions={row["state"]: row["n"] for row in states},
        submissions_oldest={row["state"]: row["oldest"] for row in states},
        evaluations={row["state"]: row["n"] for row in evaluations},
        queues=queues(rows),
        failures={(row["failure"], row["fault"]): row["n"] for row in failures},
        workers=dict(Worker.objects.values_list("name", "last_seen")),
        lost=dict.fromkeys(LOST, 0) | {row["act"]: row["n"] for row in lost},
        results=CohortResult.objects.count(),
    )


def queues(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Rows are the queue: what waits for each hospital, and what waits for the platform's own workers."""
    waits = Q(state__in=Submission.OPEN, lease_token__isnull=True)
    found = {"platform": Submission.objects.filter(waits).count()}
    for row in rows:
        name = f"hospital.{row['hospital__slug']}"
        found[name] = found.get(name, 0) + (row["n"] if row["state"] in Run.IN_LINE else 0)
    return found
