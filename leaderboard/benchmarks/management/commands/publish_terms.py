"""Publish the terms that teams agree to when they hand in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.benchmarks.services import terms_publish
from leaderboard.benchmarks.terms import DEFAULT
from leaderboard.lib.errors import Refusal


class Command(BaseCommand):
    help = "Publish a text as the next version of the terms. Submissions of before keep the version they agreed to."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=Path, nargs="?", help="plain text in UTF-8 (default: the text that comes along)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = options["file"].read_text(encoding="utf-8") if options["file"] else DEFAULT
            terms = terms_publish(text=text)
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']} cannot be read as text: {error}") from error
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"Version {terms.version} of the terms is published (sha256:{terms.sha256}).")
