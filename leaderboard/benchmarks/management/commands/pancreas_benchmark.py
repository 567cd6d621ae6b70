"""Make the benchmark "Pancreatic cancer on CT" on the held-out cohorts that were imported."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from evaluator.errors import EvaluatorError
from leaderboard.benchmarks.models import BATCHES
from leaderboard.benchmarks.services import (
    calibration_set,
    kept_back_set,
    pancreas_benchmark_create,
    sealed_set,
    verified_only_set,
)
from leaderboard.hospitals.models import Cohort
from leaderboard.lib.errors import Refusal


class Command(BaseCommand):
    help = (
        "Make the benchmark “Pancreatic cancer on CT” on every held-out cohort, or add new cohorts to it. "
        "Where cohorts were imported for calibration, operating points are frozen on them; "
        "those that were imported as sealed are for its final."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--false-alarms", type=float, default=0.01, metavar="SHARE", help="that operating points are frozen for"
        )
        parser.add_argument("--confident", action="store_true", help="at most that share with 95 %% certainty")
        parser.add_argument(
            "--ladder",
            action="store_true",
            help="until the final (manage.py open_final) show of each team what the Ladder released, and nothing else",
        )
        parser.add_argument("--strata-at-final", action="store_true", help="show strata in the final only")
        parser.add_argument("--verified-only", action="store_true", help="of verified organisations (verify_team) only")
        parser.add_argument(
            "--batch-hours",
            type=int,
            choices=BATCHES,
            help="tell teams how runs ended at these times only, from midnight UTC on",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        calibration = list(Cohort.objects.filter(purpose=Cohort.Purpose.CALIBRATION))
        try:
            benchmark = pancreas_benchmark_create(
                cohorts=list(Cohort.objects.filter(purpose=Cohort.Purpose.HELD_OUT)),
                sample=Cohort.objects.filter(purpose=Cohort.Purpose.SAMPLE).order_by("-frozen_at").first(),
            )
            if calibration:
                calibration_set(
                    benchmark=benchmark,
                    cohorts=calibration,
                    false_alarm_share=options["false_alarms"],
                    confident=options["confident"],
                )
            if sealed := list(Cohort.objects.filter(purpose=Cohort.Purpose.SEALED)):
                sealed_set(benchmark=benchmark, cohorts=sealed)
            kept_back_set(
                benchmark=benchmark,
                ladder=options["ladder"] or benchmark.ladder,
                strata_at_final=options["strata_at_final"] or benchmark.strata_at_final,
                batch_hours=options["batch_hours"] or benchmark.batch_hours,
            )
            if options["verified_only"]:
                verified_only_set(benchmark=benchmark, verified_only=True)
        except (Refusal, EvaluatorError) as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{benchmark} runs on {benchmark.cohorts.count()} cohorts.")
