"""Addresses below accounts/."""

from __future__ import annotations

from django.contrib.auth.views import LogoutView
from django.urls import path

from leaderboard.accounts import views

app_name = "accounts"
urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("login/<str:token>/", views.login_link, name="login-link"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("profile/", views.profile, name="profile"),
]
