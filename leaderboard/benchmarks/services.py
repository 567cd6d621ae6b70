"""Making the benchmark the platform starts with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from leaderboard.benchmarks.models import Benchmark, ReaderBaseline
from leaderboard.hospitals.models import Cohort

# Edges are stored because "below 2 cm" and "at most 2 cm" differ: above < diameter <= upto, in mm.
SIZE_STRATA: list[dict[str, Any]] = [
    {"key": "all", "label": "All sizes", "above": None, "upto": None},
    {"key": "le20", "label": "≤ 2 cm", "above": None, "upto": 20},
    {"key": "le10", "label": "≤ 10 mm", "above": None, "upto": 10},
    {"key": "gt10_le20", "label": "> 10–20 mm", "above": 10, "upto": 20},
    {"key": "gt20_le40", "label": "> 20–40 mm", "above": 20, "upto": 40},
    {"key": "gt40", "label": "> 40 mm", "above": 40, "upto": None},
]
PREVALENCES: list[dict[str, Any]] = [
    {"value": 0.0001, "label": "general population"},
    {"value": 0.04, "label": "high-risk group"},
]
READERS = "Radiologists"
READER_SOURCE = "Published reader performance on contrast-enhanced CT, as the organisers' announcement summarises it"
READER_RANGES = (
    (ReaderBaseline.Metric.SENSITIVITY, "le20", 0.33, 0.44),
    (ReaderBaseline.Metric.SENSITIVITY, "all", 0.76, 0.92),
    (ReaderBaseline.Metric.SPECIFICITY, "all", 0.82, 0.96),
)
QUESTION = (
    "Does this patient have pancreatic cancer, and where is it? One model, hospitals it has never seen, "
    "and tumours small enough to matter."
)


@transaction.atomic
def pancreas_benchmark_create(
    *, cohorts: Sequence[Cohort], sample: Cohort | None, demonstration: bool = False, published: bool = True
) -> Benchmark:
    """ "Pancreatic cancer on CT". Called again, it keeps the benchmark and adds the cohorts it does not have yet."""
    benchmark = Benchmark.objects.filter(slug="pancreas-ct").first() or Benchmark(slug="pancreas-ct")
    if benchmark._state.adding:
        benchmark.title = "Pancreatic cancer on CT"
        benchmark.question = QUESTION
        benchmark.organ = "pancreas"
        benchmark.strata = SIZE_STRATA
        benchmark.prevalences = PREVALENCES
        benchmark.demonstration = demonstration
        benchmark.published = published
        if demonstration:
            benchmark.panel_minimum = 3
            benchmark.public_minimum = 0
            benchmark.quota_per_month = 50
            benchmark.case_limit_seconds = 60
            benchmark.memory_bytes = 2 * 1024**3
    benchmark.sample = sample or benchmark.sample
    benchmark.full_clean()
    benchmark.save()
    benchmark.cohorts.add(*cohorts)
    for metric, stratum, low, high in READER_RANGES:
        ReaderBaseline.objects.get_or_create(
            benchmark=benchmark,
            label=READERS,
            metric=metric,
            stratum=stratum,
            defaults={"low": low, "high": high, "source": READER_SOURCE},
        )
    return benchmark
