"""Addresses of the read-only pages."""

from __future__ import annotations

from django.urls import path

from leaderboard.dashboards import views

app_name = "dashboards"
urlpatterns = [
    path("", views.home, name="home"),
    path("leaderboard/", views.leaderboards, name="leaderboards"),
    path("leaderboard/<slug:slug>/", views.leaderboard, name="leaderboard"),
    path("leaderboard/<slug:slug>/leaderboard.csv", views.leaderboard_csv, name="leaderboard-csv"),
    path("leaderboard/<slug:slug>/leaderboard.json", views.leaderboard_json, name="leaderboard-json"),
    path("leaderboard/<slug:slug>/compare/", views.comparison, name="compare"),
    path("leaderboard/<slug:slug>/transfer/", views.transfer, name="transfer"),
    path("leaderboard/<slug:slug>/transfer/pairs.csv", views.transfer_pairs, name="transfer-pairs"),
    path("leaderboard/<slug:slug>/transfer/hospitals.csv", views.transfer_hospitals, name="transfer-hospitals"),
    path("models/<uuid:pk>/", views.card, name="card"),
    path("hospitals/", views.hospitals, name="hospitals"),
    path("needle/", views.needle_page, name="needle"),
    path("terms/", views.terms, name="terms"),
    path("terms/<int:version>/", views.terms, name="terms-version"),
    path("numbers/", views.numbers, name="numbers"),
]
