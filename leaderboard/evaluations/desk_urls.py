"""Addresses of hospitals' desks, beside the hospitals' own."""

from __future__ import annotations

from django.urls import path

from leaderboard.evaluations import desk_views

app_name = "desk"
urlpatterns = [
    path("desk/", desk_views.mine, name="mine"),
    path("<slug:slug>/desk/", desk_views.hospital, name="hospital"),
    path("<slug:slug>/desk/messages/<int:pk>.json", desk_views.message, name="message"),
    path("<slug:slug>/desk/<uuid:pk>/decide/", desk_views.decide, name="decide"),
]
