from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "leaderboard.accounts"

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset

        from leaderboard.accounts.factors import tell_added, tell_removed, tell_renewed
        from leaderboard.lib import checks  # noqa: F401

        authenticator_added.connect(tell_added, dispatch_uid="audit")
        authenticator_removed.connect(tell_removed, dispatch_uid="audit")
        authenticator_reset.connect(tell_renewed, dispatch_uid="audit")
