from __future__ import annotations

from django.urls import path

from leaderboard.evaluations import views

app_name = "evaluations"
urlpatterns = [
    path("<uuid:pk>/", views.submission, name="submission"),
    path("<uuid:pk>/state/", views.state, name="state"),
    path("<uuid:pk>/cancel/", views.cancel, name="cancel"),
    path("<uuid:pk>/acknowledge-audit/", views.acknowledge_audit, name="acknowledge-audit"),
    path("operations/", views.operations_page, name="operations"),
    path("operations/state/", views.operations_state, name="operations-state"),
    path("runs/<int:pk>/cancel/", views.cancel_run, name="cancel-run"),
    path("runs/<int:pk>/logs/", views.logs, name="logs"),
    path("runs/<int:pk>/requeue/", views.requeue_run, name="requeue-run"),
]
