"""Figures in Prometheus' format. All but the durations of requests are read from rows when they are asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from evaluator import __version__
from leaderboard.operations.selectors import Figures, figures

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the client's own: where the site's processes leave what they count
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class RowsCollector(Collector):
    """What rows and the disk tell."""

    def collect(self) -> Iterator[Metric]:
        yield family("leaderboard_version", "The engine's version.", ("version",), {(__version__,): 1})
        yield from of_rows(figures())
        yield from of_disk()


def of_rows(found: Figures) -> Iterator[Metric]:
    now = timezone.now()
    yield family("leaderboard_runs", "Runs by state and hospital.", ("state", "hospital"), found.runs)
    yield family(
        "leaderboard_runs_oldest_seconds",
        "How long the oldest run of a state has been in it.",
        ("state",),
        {(state,): (now - since).total_seconds() for state, since in found.runs_oldest.items()},
    )
    yield family("leaderboard_submissions", "Submissions by state.", ("state",), singles(found.submissions))
    yield family(
        "leaderboard_submissions_oldest_seconds",
        "How long the oldest submission of a state has been in it.",
        ("state",),
        {(state,): (now - since).total_seconds() for state, since in found.submissions_oldest.items()},
    )
    yield family("leaderboard_evaluations", "Evaluations by state.", ("state",), singles(found.evaluations))
    yield family("leaderboard_queue_length", "Rows that wait, by queue.", ("queue",), singles(found.queues))
    yield family("leaderboard_failures", "Runs by failure class and fault.", ("failure", "fault"), found.failures)
    seen = {(name,): at.timestamp() for name, at in found.workers.items()}
    yield family("leaderboard_worker_last_seen_timestamp_seconds", "When a worker last spoke.", ("worker",), seen)
    yield family("leaderboard_cohort_results", "Cohort results kept.", (), {(): found.results})
    lost = CounterMetricFamily("leaderboard_leases_lost", "Leases that ran out.", labels=("what",))
    for act, count in found.lost.items():
        lost.add_metric((act.partition(".")[0],), count)
    yield lost


def of_disk() -> Iterator[Metric]:
    try:
        usage = shutil.disk_usage(settings.DATA)
    except OSError:
        return  # a missing series is what an alarm is made for
    yield family("leaderboard_disk_free_bytes", "Free under the data folder.", (), {(): usage.free})
    yield family("leaderboard_disk_size_bytes", "Size of the data folder's disk.", (), {(): usage.total})


def family(name: str, told: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    found = GaugeMetricFamily(name, told, labels=labels)
    for key, value in values.items():
        found.add_metric(key, value)
    return found


def singles(counts: Mapping[str, int]) -> dict[tuple[str], int]:
    return {(name,): count for name, count in counts.items()}


def exposition() -> tuple[bytes, str]:
    """All figures as text, with its media type."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(RowsCollector())
    if os.environ.get(FOLDER):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


def durations() -> Histogram | None:
    """Of requests, counted by all processes of the site together; None where they share no folder for it."""
    folder = os.environ.get(FOLDER)
    if not folder:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Histogram(
        "leaderboard_http_seconds",
        "Seconds until a request was answered.",
        ("view", "method", "status"),
        buckets=BUCKETS,
        registry=CollectorRegistry(),
    )
