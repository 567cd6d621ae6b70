from __future__ import annotations

from django.urls import include, path

from leaderboard.api import tus
from leaderboard.api.views import api

uploads = [path("", tus.begin, name="begin"), path("<uuid:pk>", tus.one, name="one")]
urlpatterns = [
    path("v1/uploads/", include((uploads, "uploads"))),
    path("v1/", api.urls),
]
