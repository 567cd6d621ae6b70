"""Put a backup into an empty platform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.lib.errors import Refusal
from leaderboard.operations.restore import restore


class Command(BaseCommand):
    help = (
        "Restore what `manage.py backup` wrote, into an empty database and an empty data folder. Every file is "
        "checked before anything is written; afterwards the audit log and every archive are."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest, said = restore(options["folder"])
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Restored as of {manifest.made:%Y-%m-%d %H:%M:%S} UTC: {len(manifest.files)} files.")
        self.stdout.write(f"The audit log is whole: {manifest.audit_records} records.")
        for sentence in said:
            self.stdout.write(sentence)
