"""Addresses: the dashboards from the root, and each app that takes posts under its own name."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("leaderboard.accounts.urls")),
    path("hospitals/", include("leaderboard.hospitals.urls")),
    path("submissions/", include("leaderboard.submissions.urls")),
    path("evaluations/", include("leaderboard.evaluations.urls")),
    path("awards/", include("leaderboard.awards.urls")),
    path("", include("leaderboard.dashboards.urls")),
]
