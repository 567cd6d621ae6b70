"""Give a benchmark the award's criteria."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.awards.services import criteria_create
from leaderboard.benchmarks.models import Benchmark


class Command(BaseCommand):
    help = "Give a benchmark the award's criteria: the upper ends of what radiologists are published to reach."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("benchmark", help="the benchmark's slug")

    def handle(self, *args: Any, **options: Any) -> None:
        benchmark = Benchmark.objects.filter(slug=options["benchmark"]).first()
        if benchmark is None:
            known = ", ".join(Benchmark.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no benchmark {options['benchmark']!r}. There are: {known}.")
        for criterion in criteria_create(benchmark=benchmark):
            self.stdout.write(f"{criterion.label} (goal {criterion.goal:g})")
