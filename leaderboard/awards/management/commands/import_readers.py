"""Bring in what radiologists said of a benchmark's own cases, so that candidates are held against them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.awards.services.readers import readers_import
from leaderboard.benchmarks.models import Benchmark
from leaderboard.lib.errors import Refusal


class Command(BaseCommand):
    help = "Read a CSV of hospital, patient, reader, flagged (1 or 0): every reader on every patient."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("benchmark", help="the benchmark's slug")
        parser.add_argument("table", type=Path, help="the CSV")
        parser.add_argument("--source", required=True, help="who read, how, and where it is described")

    def handle(self, *args: Any, **options: Any) -> None:
        benchmark = Benchmark.objects.filter(slug=options["benchmark"]).first()
        if benchmark is None:
            raise CommandError(f"There is no benchmark {options['benchmark']!r}.")
        try:
            table = options["table"].read_text(encoding="utf-8")
            study = readers_import(benchmark=benchmark, table=table, source=options["source"])
        except Refusal as refusal:
            faults = "".join(f"\n{fault.where} {fault.what}".rstrip() for fault in refusal.faults)
            raise CommandError(f"{refusal}{faults}") from refusal
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['table']} cannot be read: {error}") from error
        self.stdout.write(f"{study} are taken in.")
