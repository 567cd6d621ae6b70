"""Whether everything that this installation depends on is there and fit."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.operations.doctor import examine


class Command(BaseCommand):
    help = (
        "Ask every dependency and say what is found: database, migrations, clock, broker, data folder, disk, secrets, "
        "e-mail, registry; and start a probe in the container engine as submissions are started. Exits with 1 where "
        "something is not as it must be."
    )
    requires_system_checks = ()  # it says more, and goes on after the first

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--without-engine", action="store_true", help="for machines that run no submissions")

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = []
        for finding in examine(engine=not options["without_engine"]):
            self.stdout.write(finding.sentence)
            if not finding.ok:
                wrong.append(finding.name)
        if wrong:
            raise CommandError(f"Not all is well: {', '.join(wrong)}.")
        self.stdout.write("All is well.")
