"""`manage.py load_generate --yes`: a made-up platform as large as the largest, to measure pages and rankings on."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.lib.errors import Refusal
from leaderboard.rankings.services.load import Load, load_generate


class Command(BaseCommand):
    help = (
        "Fill an EMPTY database and data folder with made-up hospitals, teams, submissions and results, and rank them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--hospitals", type=int, default=Load.hospitals)
        parser.add_argument("--cases", type=int, help="over all hospitals; 251 a hospital unless told")
        parser.add_argument("--submissions", type=int, default=Load.submissions)
        parser.add_argument("--seed", type=int, default=Load.seed)
        parser.add_argument("--processes", type=int, default=Load.processes)
        parser.add_argument("--yes", action="store_true", help="yes, this database is for made-up results only")

    def handle(self, *args: Any, **options: Any) -> None:
        hospitals, submissions = options["hospitals"], options["submissions"]
        cases = options["cases"] or round(hospitals * Load.cases / Load.hospitals)
        if not options["yes"]:
            raise CommandError(
                "This fills the database with made-up results. Say --yes where it is for nothing else: a new database "
                "in DATABASE_URL, a new folder in LEADERBOARD_DATA."
            )
        if hospitals < 1 or submissions < 2 or options["processes"] < 1 or cases < 80 * hospitals:
            raise CommandError(
                "It takes a hospital, two submissions, a process, and 80 cases a hospital: the smallest has half of "
                "the mean, and three of ten patients have cancer."
            )
        load = Load(
            hospitals=hospitals,
            cases=cases,
            submissions=submissions,
            seed=options["seed"],
            processes=options["processes"],
        )
        began = time.monotonic()
        try:
            load_generate(load=load, say=lambda said: self.stdout.write(f"{time.monotonic() - began:7.1f} s  {said}"))
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
