"""Where nobody runs the platform yet: the first organiser, and the link by which they log in."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse

from leaderboard.accounts.models import User
from leaderboard.accounts.services import login_link_create, person_add

A_DAY = 24 * 60


class Command(BaseCommand):
    help = "Add an organiser if there is none, and print a link that logs in once, good for a day. Else do nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--site", default="", help="the site's address, for the link: https://HOST")

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(is_organiser=True, is_active=True).exists():
            self.stdout.write("There is an organiser already.")
            return
        try:
            user = person_add(email=options["email"], name="", team=None, organiser=True, reviewer=False)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        path = reverse("accounts:login-link", args=[login_link_create(user=user, minutes=A_DAY)])
        self.stdout.write(f"First organiser: {user.email}. Log in once, within a day: {options['site']}{path}")
