from __future__ import annotations

from django.urls import path

from leaderboard.awards import call_views, letter_views, review_views, views

app_name = "awards"
urlpatterns = [
    path("", views.candidates_page, name="candidates"),
    path("finalists/<uuid:pk>/name/", views.name_finalist, name="name-finalist"),
    path("candidates.csv", views.candidates_csv, name="candidates-csv"),
    path("evidence.csv", views.evidence_csv, name="evidence-csv"),
    path("side-by-side/", views.side_by_side, name="side-by-side"),
    path("desk/", review_views.desk, name="desk"),
    path("calls/", call_views.calls, name="calls"),
    path("calls/new/", call_views.new, name="new"),
    path("calls/<slug:slug>/", call_views.call, name="call"),
    path("calls/<slug:slug>/edit/", call_views.edit, name="edit"),
    path("calls/<slug:slug>/run/", call_views.run, name="run"),
    path("calls/<slug:slug>/publish/", call_views.publish, name="publish"),
    path("calls/<slug:slug>/discuss/", call_views.discuss, name="discuss"),
    path("calls/<slug:slug>/seats/", call_views.seat, name="seat"),
    path("calls/<slug:slug>/archive.zip", call_views.archive, name="archive"),
    path("calls/<slug:slug>/letters/<slug:team>/", letter_views.own_letter, name="own-letter"),
    path("calls/<slug:slug>/letters/<slug:team>/withdraw/", letter_views.withdraw, name="withdraw"),
    path("seats/<int:pk>/remove/", call_views.unseat, name="unseat"),
    path("letters/<int:pk>/", review_views.letter, name="letter"),
    path("letters/<int:pk>/<int:number>.pdf", letter_views.version, name="version"),
    path("letters/<int:pk>/declare/", review_views.declare, name="declare"),
    path("letters/<int:pk>/assign/", call_views.assign, name="assign"),
    path("letters/<int:pk>/take/", review_views.take, name="take"),
    path("letters/<int:pk>/review/", review_views.review, name="review"),
    path("letters/<int:pk>/comment/", review_views.comment, name="comment"),
    path("letters/<int:pk>/decide/", review_views.decide, name="decide"),
    path("reviews/<int:pk>/release/", call_views.release, name="release"),
]
