"""Look through the imported cohorts for the scans of a training set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.hospitals.models import Cohort
from leaderboard.hospitals.services import overlap_check
from leaderboard.lib.errors import Refusal


class Command(BaseCommand):
    help = (
        "Look through every cohort but the public samples, or those of one hospital, for the scans of a training set. "
        "What is found is shown to organisers and to the hospital's data stewards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("prints", type=Path, help="a list that `python -m evaluator cohort prints` wrote")
        parser.add_argument("--hospital", help="the slug of one hospital")

    def handle(self, *args: Any, **options: Any) -> None:
        cohorts = Cohort.objects.exclude(purpose=Cohort.Purpose.SAMPLE).select_related("hospital")
        if options["hospital"]:
            cohorts = cohorts.filter(hospital__slug=options["hospital"])
        if not cohorts:
            raise CommandError("There is no such cohort. Import one: manage.py import_cohort")
        refused = []
        for cohort in cohorts:
            try:
                check = overlap_check(cohort=cohort, prints=options["prints"])
            except Refusal as refusal:
                refused.append(f"{cohort}: {refusal}")
            else:
                said = f"{check.surely} of {check.cases} cases are in it, {check.maybe} look as if."
                self.stdout.write(f"{cohort} and {check.other}, {check.scans} scans: {said}")
        if refused:
            raise CommandError("\n".join(refused))
