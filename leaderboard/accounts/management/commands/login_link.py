"""Print the path of a one-time login link."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from leaderboard.accounts.models import User
from leaderboard.accounts.services import login_link_create


class Command(BaseCommand):
    help = "Print a one-time login link for a person, to be put behind the site's address."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--minutes", type=int, default=60, help="how long it is good for (default 60)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower(), is_active=True).first()
        if user is None:
            raise CommandError(f"Nobody here has the address {options['email']}. Add them with `manage.py add_person`.")
        token = login_link_create(user=user, minutes=options["minutes"])
        self.stdout.write(reverse("accounts:login-link", args=[token]))
