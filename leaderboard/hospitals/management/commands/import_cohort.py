"""Import a hospital's cohort folder from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.hospitals.models import Cohort, Hospital
from leaderboard.hospitals.services import cohort_import
from leaderboard.lib.errors import Refusal


class Command(BaseCommand):
    help = "Check a cohort's folder and freeze it as a version of a hospital's cohort."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("hospital", help="the hospital's slug")
        parser.add_argument("folder", type=Path)
        parser.add_argument("--name", help="makes the hospital, under this name, if it is not there yet")
        purpose = parser.add_mutually_exclusive_group()
        purpose.add_argument("--sample", action="store_true", help="public sample cases, for try-outs")
        purpose.add_argument("--calibration", action="store_true", help="patients to freeze operating points on")
        purpose.add_argument("--sealed", action="store_true", help="scored once, for the finalists, in the final")

    def handle(self, *args: Any, **options: Any) -> None:
        hospital = Hospital.objects.filter(slug=options["hospital"]).first()
        if hospital is None and options["name"]:
            hospital = Hospital.objects.create(slug=options["hospital"], name=options["name"])
        if hospital is None:
            raise CommandError(f"There is no hospital {options['hospital']!r}. Give --name to make it.")
        purposes = (Cohort.Purpose.SAMPLE, Cohort.Purpose.CALIBRATION, Cohort.Purpose.SEALED)
        purpose = next((one for one in purposes if options[one.value]), Cohort.Purpose.HELD_OUT)
        try:
            cohort = cohort_import(hospital=hospital, folder=options["folder"], by=None, purpose=purpose)
        except Refusal as refusal:
            for fault in refusal.faults:
                self.stderr.write(
                    " ".join(part for part in (fault.where + ":", fault.what, fault.why, fault.next_step) if part)
                )
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{cohort} is frozen as {cohort.fingerprint}.")
