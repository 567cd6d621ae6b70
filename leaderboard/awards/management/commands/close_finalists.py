"""Close the list of a benchmark's finalists: before the verdicts are known, and once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.awards.services import finalists_close
from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal


class Command(BaseCommand):
    help = "From now on no team names or changes its finalist. This cannot be undone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("benchmark", help="the benchmark's slug")

    def handle(self, *args: Any, **options: Any) -> None:
        benchmark = Benchmark.objects.filter(slug=options["benchmark"]).first()
        if benchmark is None:
            raise CommandError(f"There is no benchmark {options['benchmark']!r}.")
        try:
            finalists_close(benchmark=benchmark, by=None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{benchmark}: {benchmark.finalists.count()} finalists, closed.")
