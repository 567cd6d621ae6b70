from __future__ import annotations

from django.urls import path

from leaderboard.adjudication import views

app_name = "adjudication"
urlpatterns = [
    path("", views.gallery, name="gallery"),
    path("cohorts/<int:pk>/", views.cohort, name="cohort"),
    path("cohorts/<int:pk>/next/", views.next_version, name="next"),
    path("cohorts/<int:pk>/next/draft.json", views.draft, name="draft"),
    path("cases/<int:pk>/", views.case, name="case"),
    path("cases/<int:pk>/ct.nii.gz", views.scan, name="ct"),
    path("cases/<int:pk>/reference.nii.gz", views.reference, name="reference"),
    path("cases/<int:pk>/findings.nii.gz", views.findings, name="findings"),
    path("queue/<slug:slug>/", views.queue, name="queue"),
    path("queue/<slug:slug>/undo/", views.undo, name="undo"),
    path("suspects/<int:pk>/place.nii.gz", views.place, name="place"),
    path("suspects/<int:pk>/decide/", views.decide, name="decide"),
]
