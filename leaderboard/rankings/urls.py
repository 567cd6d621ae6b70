"""Addresses of rankings, under their benchmark's leaderboard."""

from __future__ import annotations

from django.urls import path

from leaderboard.rankings import views

app_name = "rankings"
urlpatterns = [
    path("<slug:slug>/rankings/", views.rankings, name="list"),
    path("<slug:slug>/rankings/<int:number>/snapshot.zip", views.snapshot_zip, name="snapshot-zip"),
]
