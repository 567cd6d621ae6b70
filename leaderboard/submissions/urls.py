from __future__ import annotations

from django.urls import path

from leaderboard.submissions import views

app_name = "submissions"
urlpatterns = [
    path("", views.mine, name="list"),
    path("submit/", views.submit, name="submit"),
    path("submit/look/", views.look, name="look"),
    path("starter-kit/<slug:slug>/<slug:contract>.zip", views.kit, name="starter-kit"),
    path("<uuid:pk>/about/", views.about, name="about"),
    path("<uuid:pk>/release/", views.release, name="release"),
    path("<uuid:pk>/withdraw/", views.withdraw, name="withdraw"),
]
