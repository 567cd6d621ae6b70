from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "leaderboard.accounts"

    def ready(self) -> None:
        from leaderboard.lib import checks  # noqa: F401
