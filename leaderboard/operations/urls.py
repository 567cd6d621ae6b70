from __future__ import annotations

from django.urls import path

from leaderboard.operations import final_views, views

app_name = "operations"
urlpatterns = [
    path("health", views.live, name="live"),
    path("health/ready", views.ready, name="ready"),
    path("metrics", views.metrics, name="metrics"),
    path("operations/usage/", views.usage_page, name="usage"),
    path("operations/<slug:slug>/final/", final_views.final, name="final"),
    path("operations/<slug:slug>/rank/", final_views.rank, name="rank"),
    path("operations/<slug:slug>/open-final/", final_views.open_final, name="open-final"),
    path("operations/<slug:slug>/close-finalists/", final_views.close_finalists, name="close-finalists"),
    path("operations/<slug:slug>/run-sealed/", final_views.run_sealed, name="run-sealed"),
    path("operations/<slug:slug>/rankings/<int:number>/publish/", final_views.publish, name="publish-ranking"),
]
