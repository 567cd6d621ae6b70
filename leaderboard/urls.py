"""Addresses: the dashboards from the root, and each other app under its own name."""

from __future__ import annotations

from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from leaderboard.accounts.urls import allauth_urlpatterns

handler429 = "leaderboard.accounts.limits.too_many"  # allauth's, like Django's own handlers
urlpatterns = [
    path("accounts/", include("leaderboard.accounts.urls")),
    path("accounts/", include(allauth_urlpatterns)),
    path("notices/", include("leaderboard.notices.urls")),
    path("hospitals/", include("leaderboard.hospitals.urls")),
    path("hospitals/", include("leaderboard.evaluations.desk_urls")),
    path("benchmarks/", include("leaderboard.benchmarks.urls")),
    path("webhooks/", include("leaderboard.webhooks.urls")),
    path("submissions/", include("leaderboard.submissions.urls")),
    path("evaluations/", include("leaderboard.evaluations.urls")),
    path("gallery/", include("leaderboard.adjudication.urls")),
    path("awards/", include("leaderboard.awards.urls")),
    path("leaderboard/", include("leaderboard.rankings.urls")),
    path("api/", include("leaderboard.api.urls")),
    path("", include("leaderboard.operations.urls")),
    path("", include("leaderboard.dashboards.urls")),
    # Browsers ask for it where no page names an icon: beside JSON.
    path("favicon.ico", RedirectView.as_view(url=static("site/icon.svg")), name="icon"),
]
