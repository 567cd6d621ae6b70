"""Which benchmark a page is about, and what the front page says of it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q

from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Case


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much a benchmark asks: hospitals, patients (those with an index scan) and scans."""

    hospitals: int
    patients: int
    scans: int


def demonstration() -> Benchmark | None:
    """The demonstration benchmark, whose warning stands on every page."""
    rows = Benchmark.objects.filter(demonstration=True, published=True)
    return rows.only("panel_minimum", "public_minimum").first()


def benchmark_size(benchmark: Benchmark) -> Size:
    cases = Case.objects.filter(cohort__benchmarks=benchmark)
    counts = cases.aggregate(
        hospitals=Count("cohort__hospital", distinct=True),
        patients=Count("pk", filter=Q(index_scan=True)),
        scans=Count("pk"),
    )
    return Size(**counts)
