from __future__ import annotations

from django.urls import path

from leaderboard.hospitals import views

app_name = "hospitals"
urlpatterns = [
    path("<slug:slug>/switch/", views.switch, name="switch"),
    path("<slug:slug>/overlap/", views.overlap, name="overlap"),
]
