"""Delete the account of somebody who asked for it, or has left."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leaderboard.accounts.deletion import account_delete
from leaderboard.accounts.models import User
from leaderboard.lib.errors import Refusal


class Command(BaseCommand):
    help = "Delete a person's account: name, address and memberships go, submissions and the audit log stay."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].lower(), deleted_at__isnull=True).first()
        if user is None:
            raise CommandError(f"Nobody here has the address {options['email']}.")
        try:
            left = account_delete(user=user, by=None)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"The account is deleted; what it did is told of user {user.pk}.")
        for team in left.emptied:
            self.stdout.write(f"{team} has no member any more.")
