"""Add a person, or give one who is there a team or a role."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.text import slugify

from leaderboard.accounts.models import Team
from leaderboard.accounts.services import person_add


class Command(BaseCommand):
    help = "Add a person by e-mail address; --team makes the team where it is new. They sign in by `login_link`."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="", help="as pages show it (default: the address)")
        parser.add_argument("--team", help="the team's name; a new team's first person is its owner")
        parser.add_argument("--organiser", action="store_true", help="runs the platform")
        parser.add_argument("--reviewer", action="store_true", help="judges award candidates for a funder")

    def handle(self, *args: Any, **options: Any) -> None:
        team = options["team"]
        new = bool(team) and not Team.objects.filter(slug=slugify(team)).exists()
        try:
            user = person_add(
                email=options["email"],
                name=options["name"],
                team=team,
                organiser=options["organiser"],
                reviewer=options["reviewer"],
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        where = f", {'owner of the new team' if new else 'in'} {team}" if team else ""
        self.stdout.write(f"{user} <{user.email}>{where}. Sign in: manage.py login_link {user.email}")
