"""Write everything that the platform cannot make again into a folder, while it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.lib.errors import Refusal
from leaderboard.operations.backup import backup


class Command(BaseCommand):
    help = (
        "Back up the database and the archives into a new folder, with a manifest of digests. The platform goes on "
        "meanwhile. Secrets (SECRET_KEY, LOG_KEYS) are left out; without them sessions, second factors and logs of "
        "held-out runs cannot be read. Hospitals' scans are in no backup."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--with-secrets", action="store_true", help="whoever has the folder then has everything")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = backup(options["folder"], with_secrets=options["with_secrets"])
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        size = sum(kept.bytes for kept in made.files.values()) / 1024**2
        self.stdout.write(f"{len(made.files)} files, {size:,.1f} MiB, in {options['folder']}.")
        self.stdout.write(f"The audit log has {made.audit_records} records, ending with sha256:{made.audit_head}.")
        if not made.with_secrets:
            self.stdout.write("Keep SECRET_KEY and LOG_KEYS elsewhere: they are not in it.")
