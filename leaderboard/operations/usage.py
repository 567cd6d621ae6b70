"""What the platform used: failures lately, hours of runs, disk, quotas; and what waits, by age."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.cache import caches
from django.db import connection
from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.utils import timezone

from leaderboard.evaluations.models import Run
from leaderboard.evaluations.selectors import worker_states
from leaderboard.operations.selectors import queues
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import charged

WEEK, MONTH = timedelta(days=7), timedelta(days=30)
AGES = (("under 1 h", timedelta(hours=1)), ("1–6 h", timedelta(hours=6)), ("6–24 h", timedelta(days=1)))
OLDER = "over a day"
KINDS = {
    "archives": "image archives that teams handed in",
    "uploads": "archives on their way",
    "documents": "results and rankings",
    "state": "scans as containers get them, and runs under way",
    "cohorts": "cohorts, where hospitals gave them to this machine",
    "broker": "messages of the broker made of files",
}
DISK_SECONDS = 600  # to add up a hundred thousand files takes a second


@dataclass(frozen=True, kw_only=True)
class Queue:
    """Rows that wait, and the workers that listen for them."""

    name: str
    waiting: int
    workers: list[str]


@dataclass(frozen=True, kw_only=True)
class Ages:
    """Open runs of one state, by how long they have been in it."""

    state: str
    counts: list[int]


@dataclass(frozen=True, kw_only=True)
class Failures:
    failure: str
    fault: str
    week: int
    month: int


@dataclass(frozen=True, kw_only=True)
class Hours:
    """Of runs that ended in the last 30 days, their last attempts: all of them, and those that had a GPU."""

    who: str
    runs: int
    lasted: timedelta
    on_gpus: timedelta


@dataclass(frozen=True, kw_only=True)
class Disk:
    """``kinds``: of each folder what is in it, and its bytes."""

    free: int
    total: int
    database: int | None
    kinds: list[tuple[str, int]]
    counted: datetime


@dataclass(frozen=True, kw_only=True)
class QuotaLine:
    team: str
    benchmark: str
    used: int
    allowed: int


@dataclass(frozen=True, kw_only=True)
class Usage:
    queues: list[Queue]
    ages: list[Ages]
    age_names: list[str]
    failures: list[Failures]
    by_team: list[Hours]
    by_hospital: list[Hours]
    disk: Disk
    quotas: list[QuotaLine]


def usage() -> Usage:
    return Usage(
        queues=queue_lines(),
        ages=open_ages(),
        age_names=[name for name, _ in AGES] + [OLDER],
        failures=failures(),
        by_team=hours("evaluation__submission__team__name"),
        by_hospital=hours("hospital__name"),
        disk=disk(),
        quotas=quotas(),
    )


def queue_lines() -> list[Queue]:
    """A worker that listens to every hospital's says so of each, once it has seen it."""
    rows = Run.objects.order_by().values("state", "hospital__slug").annotate(n=Count("pk"))
    alive = [row.worker for row in worker_states() if row.alive]
    return [
        Queue(name=name, waiting=count, workers=[worker.name for worker in alive if name in worker.queues])
        for name, count in sorted(queues(rows).items())
        if count or name == "platform"
    ]


def open_ages() -> list[Ages]:
    now = timezone.now()
    found: dict[str, Counter[str]] = {}
    for state, since in Run.objects.filter(state__in=Run.OPEN).order_by().values_list("state", "state_since"):
        name = next((name for name, limit in AGES if now - since < limit), OLDER)
        found.setdefault(state, Counter())[name] += 1
    names = [name for name, _ in AGES] + [OLDER]
    labels = dict(Run.State.choices)
    return [
        Ages(state=str(labels[state]), counts=[found[state][name] for name in names])
        for state in Run.OPEN
        if state in found
    ]


def failures() -> list[Failures]:
    """Runs that failed at last, by class, the most frequent first."""
    now = timezone.now()
    lately = Run.objects.filter(state=Run.State.FAILED, state_since__gte=now - MONTH).order_by()
    rows = lately.values("failure", "fault").annotate(
        week=Count("pk", filter=Q(state_since__gte=now - WEEK)), month=Count("pk")
    )
    return [Failures(**row) for row in rows.order_by("-month", "failure")]


def hours(by: str) -> list[Hours]:
    lasted = ExpressionWrapper(F("finished") - F("started"), output_field=DurationField())
    ended = Run.objects.filter(finished__gte=timezone.now() - MONTH, started__isnull=False).order_by()
    with_gpu = Q(evaluation__submission__benchmark__gpus__gt=0)
    rows = ended.values(by).annotate(runs=Count("pk"), all=Sum(lasted), gpu=Sum(lasted, filter=with_gpu))
    none = timedelta()
    found = [
        Hours(who=row[by], runs=row["runs"], lasted=row["all"] or none, on_gpus=row["gpu"] or none) for row in rows
    ]
    return sorted(found, key=lambda one: (-one.on_gpus, -one.lasted, one.who))


def disk() -> Disk:
    found: Disk | None = caches["pages"].get("disk")
    if found is None:
        space = shutil.disk_usage(settings.DATA)
        kinds = [(said, folder_bytes(settings.DATA / name)) for name, said in KINDS.items()]
        found = Disk(free=space.free, total=space.total, database=database_bytes(), kinds=kinds, counted=timezone.now())
        caches["pages"].set("disk", found, DISK_SECONDS)
    return found


def folder_bytes(folder: Path) -> int:
    """Files that vanish while they are counted are none; a file under two names counts once, links not at all."""
    total, seen = 0, set[tuple[int, int]]()
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                known = os.lstat(Path(place) / name)
            except OSError:
                continue
            if (known.st_dev, known.st_ino) not in seen:
                seen.add((known.st_dev, known.st_ino))
                total += known.st_size
    return total


def database_bytes() -> int | None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
    path = Path(str(connection.settings_dict["NAME"]))
    return path.stat().st_size if path.is_file() else None


def quotas() -> list[QuotaLine]:
    """What teams used this month; those of one verified organisation share theirs."""
    month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    rows: Iterable[Mapping[str, Any]] = (
        charged(Submission.objects.filter(created__gte=month))
        .order_by()
        .values("team__name", "benchmark__title", "benchmark__quota_per_month")
        .annotate(used=Count("pk"))
        .order_by("-used", "team__name")
    )
    return [
        QuotaLine(
            team=row["team__name"],
            benchmark=row["benchmark__title"],
            used=row["used"],
            allowed=row["benchmark__quota_per_month"],
        )
        for row in rows
    ]
