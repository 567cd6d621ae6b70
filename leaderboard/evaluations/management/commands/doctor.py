"""Whether this machine's container engine may be given held-out scans."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from evaluator.errors import EvaluatorError
from leaderboard.evaluations.services import engine_examine


class Command(BaseCommand):
    help = (
        "Start a probe as submissions are started and say which promises of the contract this machine keeps. Workers "
        "ask the same before their first held-out scan, and once a day."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = engine_examine()
        except EvaluatorError as error:
            raise CommandError(" ".join(part for part in (error.what, error.why, error.next_step) if part)) from error
        for finding in found.findings:
            self.stdout.write(finding.sentence)
        if not found.fit:
            raise CommandError(found.sentence)
        self.stdout.write(found.sentence)
