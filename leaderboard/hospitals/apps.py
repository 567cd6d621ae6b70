from __future__ import annotations

from django.apps import AppConfig


class HospitalsConfig(AppConfig):
    name = "leaderboard.hospitals"

    def ready(self) -> None:
        from leaderboard.hospitals import checks  # noqa: F401
