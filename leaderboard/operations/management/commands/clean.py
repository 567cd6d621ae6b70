"""Remove what nothing needs any more."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from leaderboard.operations.clean import clean


class Command(BaseCommand):
    help = (
        "Remove what has not been needed for some days: images in this machine's engine, archives of refused and "
        "withdrawn submissions, sanitised scans, broken-off uploads, old logs. Beat does it once a day. What a "
        "published ranking names stays, and so do all rows."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=settings.CLEAN_DAYS, help="default: CLEAN_DAYS, %(default)s")
        parser.add_argument("--dry-run", action="store_true", help="only say what would go")

    def handle(self, *args: Any, **options: Any) -> None:
        found = clean(days=options["days"], dry_run=options["dry_run"])
        for one in found:
            self.stdout.write(f"{one.what}: {one.why}")
        done = "would go" if options["dry_run"] else "went"
        self.stdout.write(f"{len(found)} things {done}.")
