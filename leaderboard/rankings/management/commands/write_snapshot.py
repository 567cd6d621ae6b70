"""Write a final ranking's files into a folder, as they are downloaded."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.rankings.models import FinalRanking


class Command(BaseCommand):
    help = "Write the files of a final ranking into a folder; `python -m evaluator rank --verify FOLDER` checks them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("benchmark", help="the benchmark's slug")
        parser.add_argument("number", type=int, help="of the ranking")
        parser.add_argument("folder", type=Path, help="a new folder")

    def handle(self, *args: Any, **options: Any) -> None:
        slug, number, folder = options["benchmark"], options["number"], options["folder"]
        final = FinalRanking.objects.filter(snapshot__benchmark__slug=slug, snapshot__number=number).first()
        if final is None:
            raise CommandError(
                f"Ranking {number} of {slug!r} is not final. Publish it first: manage.py publish_ranking"
            )
        if folder.exists():
            raise CommandError(f"{folder} is there already. Name a new folder.")
        folder.mkdir(parents=True)
        with zipfile.ZipFile(io.BytesIO(bytes(final.archive))) as archive:
            archive.extractall(folder)
        self.stdout.write(f"{final.snapshot}, {final.record_id}, is in {folder}.")
