from __future__ import annotations

from django.urls import path

from leaderboard.hospitals import manage_views, views

app_name = "hospitals"
urlpatterns = [
    path("manage/", manage_views.hospitals, name="list"),
    path("manage/new/", manage_views.new, name="new"),
    path("<slug:slug>/manage/", manage_views.manage, name="manage"),
    path("<slug:slug>/enrol/", manage_views.enrol, name="enrol"),
    path("<slug:slug>/revoke/", manage_views.revoke, name="revoke"),
    path("<slug:slug>/import/", manage_views.import_cohort, name="import"),
    path("<slug:slug>/switch/", views.switch, name="switch"),
    path("<slug:slug>/approves/", views.approves, name="approves"),
    path("<slug:slug>/overlap/", views.overlap, name="overlap"),
    path("checks/<int:pk>/", manage_views.check, name="check"),
    path("checks/<int:pk>/state/", manage_views.check_state, name="check-state"),
    path("checks/<int:pk>/faults.csv", manage_views.check_csv, name="check-csv"),
    path("checks/<int:pk>/again/", manage_views.check_again, name="check-again"),
    path("cohorts/<int:pk>/check/", manage_views.check_cohort, name="check-cohort"),
    path("alerts/<int:pk>/acknowledge/", views.acknowledge_alert, name="acknowledge-alert"),
    path("offers/<int:pk>/accept/", views.accept_offer, name="accept-offer"),
]
