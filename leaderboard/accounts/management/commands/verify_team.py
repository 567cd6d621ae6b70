"""Say which organisation a team belongs to, once an organiser has seen it, or take that back."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.accounts.models import Team
from leaderboard.accounts.services import team_unverify, team_verify
from leaderboard.lib.errors import Refusal


class Command(BaseCommand):
    help = "Verify that a team is of an organisation: pages name it, and all of its teams share one quota."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("team", help="its short name, as in `team-name`")
        parser.add_argument("--organisation", default="", metavar="NAME")
        parser.add_argument("--evidence", default="", metavar="TEXT", help="what was seen; on no public page")
        parser.add_argument("--withdraw", action="store_true", help="it is verified no longer")

    def handle(self, *args: Any, **options: Any) -> None:
        team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            known = ", ".join(Team.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no team {options['team']!r}. The teams are: {known}.")
        try:
            if options["withdraw"]:
                team_unverify(team=team, by=None)
            else:
                team_verify(team=team, organisation=options["organisation"], evidence=options["evidence"], by=None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{team}: {team.organisation or 'not verified'}.")
