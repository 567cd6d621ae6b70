from __future__ import annotations

from django.urls import path

from leaderboard.benchmarks import views

app_name = "benchmarks"
urlpatterns = [
    path("", views.benchmarks, name="list"),
    path("new/", views.new, name="new"),
    path("<slug:slug>/edit/", views.edit, name="edit"),
    path("<slug:slug>/preview/", views.preview, name="preview"),
    path("<slug:slug>/publish/", views.publish, name="publish"),
]
