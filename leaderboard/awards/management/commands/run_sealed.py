"""Send the finalists of a benchmark to its sealed cohorts: once, after their list was closed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.awards.services import finalists_run_sealed
from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal


class Command(BaseCommand):
    help = "Run every finalist on the sealed cohorts. What comes of it is shown when the final is opened (open_final)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("benchmark", help="the benchmark's slug")

    def handle(self, *args: Any, **options: Any) -> None:
        benchmark = Benchmark.objects.filter(slug=options["benchmark"]).first()
        if benchmark is None:
            raise CommandError(f"There is no benchmark {options['benchmark']!r}.")
        try:
            runs = finalists_run_sealed(benchmark=benchmark, by=None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{benchmark}: {len(runs)} runs on sealed cohorts. Next: manage.py open_final")
