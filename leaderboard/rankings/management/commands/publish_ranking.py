"""Publish a ranking for good, with the table of patients that it can be computed from again."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.services import ranking_publish_final


class Command(BaseCommand):
    help = (
        "Publish a ranking as final: its table of patients, under random numbers and with small cells withheld, can be "
        "downloaded from then on. This cannot be taken back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("benchmark", help="the benchmark's slug")
        parser.add_argument("--number", type=int, help="of the ranking (default: the newest)")

    def handle(self, *args: Any, **options: Any) -> None:
        benchmark = Benchmark.objects.filter(slug=options["benchmark"]).first()
        if benchmark is None:
            raise CommandError(f"There is no benchmark {options['benchmark']!r}.")
        rows = Snapshot.objects.filter(benchmark=benchmark).order_by("-number")
        snapshot = rows.filter(number=options["number"]).first() if options["number"] else rows.first()
        if snapshot is None:
            raise CommandError(f"{benchmark} has no such ranking.")
        try:
            final = ranking_publish_final(snapshot=snapshot, by=None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{snapshot} is final as {final.record_id}.")
