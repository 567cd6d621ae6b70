"""Take the second factors off the account of somebody who has lost them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.accounts.factors import second_factor_remove
from leaderboard.accounts.models import User


class Command(BaseCommand):
    help = "Remove a person's authenticator app, passkeys and recovery codes. Make sure first that it is them who asks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower()).first()
        if user is None:
            raise CommandError(f"Nobody here has the address {options['email']}.")
        count = second_factor_remove(user=user, by=None)
        self.stdout.write(f"{user} <{user.email}>: {count} second factors removed.")
