"""The platform for programs: a versioned REST interface, and uploads that go on where they stopped."""

from __future__ import annotations

from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "leaderboard.api"
