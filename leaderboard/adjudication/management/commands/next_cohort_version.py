"""Write the next version of a cohort from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.adjudication.services import next_version_write
from leaderboard.hospitals.models import Cohort
from leaderboard.lib.errors import Refusal


class Command(BaseCommand):
    help = "Write a cohort's next version, with accepted suspects in its reference; the frozen version is not touched."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("cohort", type=int, help="the frozen version's number, as its page in the gallery says")
        parser.add_argument("version", help="the next version's name")
        parser.add_argument("folder", type=Path, help="a new folder")
        parser.add_argument("--masks", type=Path, help="masks that were drawn, each named by its suspect: 12.nii.gz")

    def handle(self, *args: Any, **options: Any) -> None:
        cohort = Cohort.objects.select_related("hospital__enrolment").filter(pk=options["cohort"]).first()
        if cohort is None:
            raise CommandError(f"There is no cohort {options['cohort']}.")
        try:
            revision = next_version_write(
                cohort=cohort, folder=options["folder"], version=options["version"], by=None, masks=options["masks"]
            )
        except Refusal as refusal:
            for fault in refusal.faults:
                self.stderr.write(f"{fault.where}: {fault.what}. {fault.next_step or fault.why}")
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(
            f"Version {options['version']} of {cohort.name} is in {options['folder']}: "
            f"{len(revision.added)} lesions more, {revision.provisional} of them provisional."
        )
        self.stdout.write(f"Next: python manage.py import_cohort {cohort.hospital.slug} {options['folder']}")
