"""`manage.py audit verify`: whether the log of who did and saw what is whole. `manage.py audit show` prints it."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.audit.models import Record
from leaderboard.audit.services import faults


class Command(BaseCommand):
    help = "Verify or show the append-only log of who did and saw what."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=("verify", "show"))
        parser.add_argument("--last", type=int, default=50, help="how many records to show")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "show":
            for found in reversed(Record.objects.order_by("-number")[: max(0, options["last"])]):
                told = ", ".join(f"{name} {value}" for name, value in found.details.items())
                self.stdout.write(f"{found.at:%Y-%m-%d %H:%M:%S} UTC {found}{f' ({told})' if told else ''}")
            return
        wrong = list(faults())
        for sentence in wrong:
            self.stderr.write(sentence)
        if wrong:
            raise CommandError(f"The audit log is not whole: {len(wrong)} faults.")
        last = Record.objects.order_by("-number").first()
        end = f", ending with sha256:{last.sha256}" if last else ""
        self.stdout.write(f"The audit log is whole: {last.number if last else 0} records{end}.")
