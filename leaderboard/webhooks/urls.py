from __future__ import annotations

from django.urls import path

from leaderboard.webhooks import views

app_name = "webhooks"
urlpatterns = [
    path("", views.hooks_page, name="list"),
    path("<int:pk>/", views.hook, name="hook"),
    path("<int:pk>/switch/", views.switch, name="switch"),
    path("<int:pk>/test/", views.test, name="test"),
    path("<int:pk>/delete/", views.delete, name="delete"),
    path("deliveries/<uuid:pk>/again/", views.again, name="again"),
]
