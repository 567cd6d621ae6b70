"""Make the benchmark "Pancreatic cancer on CT" on the held-out cohorts that were imported."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from leaderboard.benchmarks.services import pancreas_benchmark_create
from leaderboard.hospitals.models import Cohort


class Command(BaseCommand):
    help = "Make the benchmark “Pancreatic cancer on CT” on every held-out cohort, or add new cohorts to it."

    def handle(self, *args: Any, **options: Any) -> None:
        benchmark = pancreas_benchmark_create(
            cohorts=list(Cohort.objects.filter(purpose=Cohort.Purpose.HELD_OUT)),
            sample=Cohort.objects.filter(purpose=Cohort.Purpose.SAMPLE).order_by("-frozen_at").first(),
        )
        self.stdout.write(f"{benchmark} runs on {benchmark.cohorts.count()} cohorts.")
