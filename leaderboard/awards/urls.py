from __future__ import annotations

from django.urls import path

from leaderboard.awards import views

app_name = "awards"
urlpatterns = [
    path("", views.candidates_page, name="candidates"),
    path("finalists/<uuid:pk>/name/", views.name_finalist, name="name-finalist"),
    path("candidates.csv", views.candidates_csv, name="candidates-csv"),
]
