"""Open a benchmark's final: its full ranking is made and shown."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.services import final_open, snapshot_make


class Command(BaseCommand):
    help = (
        "Open the final: what the benchmark kept back (the Ladder, strata, sealed cohorts) is shown from then on, and "
        "where it was on the Ladder it takes no submissions any more. This cannot be undone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("benchmark", help="the benchmark's slug")

    def handle(self, *args: Any, **options: Any) -> None:
        benchmark = Benchmark.objects.filter(slug=options["benchmark"]).first()
        if benchmark is None:
            raise CommandError(f"There is no benchmark {options['benchmark']!r}.")
        try:
            benchmark = final_open(benchmark=benchmark, by=None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        snapshot_make(benchmark=benchmark)
        self.stdout.write(f"{benchmark}: the final is open since {benchmark.final_at:%Y-%m-%d %H:%M} UTC.")
