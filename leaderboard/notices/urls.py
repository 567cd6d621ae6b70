from __future__ import annotations

from django.urls import path

from leaderboard.notices import views

app_name = "notices"
urlpatterns = [
    path("", views.notices, name="list"),
    path("read/", views.read, name="read"),
    path("announcements/", views.announcements, name="announcements"),
    path("announcements/new/", views.announce, name="announce"),
    path("announcements/<int:pk>/take-back/", views.take_back, name="take-back"),
    path("by-mail/", views.mail, name="by-mail"),
]
