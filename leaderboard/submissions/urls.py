from __future__ import annotations

from django.urls import path

from leaderboard.submissions import views

app_name = "submissions"
urlpatterns = [
    path("", views.mine, name="list"),
    path("submit/", views.submit, name="submit"),
    path("<uuid:pk>/withdraw/", views.withdraw, name="withdraw"),
]
