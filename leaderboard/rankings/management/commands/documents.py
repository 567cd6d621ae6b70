"""`manage.py documents verify`: whether every document that the database names is there, and what it was."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.rankings.services.verify import document_faults, named


class Command(BaseCommand):
    help = "Read every document of the data folder that a row names, against its digest and the audit log."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("verify",))

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = list(document_faults())
        for sentence in wrong:
            self.stderr.write(sentence)
        if wrong:
            raise CommandError(
                f"{len(wrong)} faults. Restore the data folder from the backup that belongs to this database, then "
                "run this again."
            )
        self.stdout.write(f"All {len(named()):,} documents are there and what they were.")
