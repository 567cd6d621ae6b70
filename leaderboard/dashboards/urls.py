"""Addresses of the read-only pages."""

from __future__ import annotations

from django.urls import path

from leaderboard.dashboards.views import analysis, board, card, documentation

app_name = "dashboards"
urlpatterns = [
    path("", board.home, name="home"),
    path("leaderboard/", board.leaderboards, name="leaderboards"),
    path("leaderboard/<slug:slug>/", board.leaderboard, name="leaderboard"),
    path("leaderboard/<slug:slug>/leaderboard.csv", board.leaderboard_csv, name="leaderboard-csv"),
    path("leaderboard/<slug:slug>/leaderboard.json", board.leaderboard_json, name="leaderboard-json"),
    path("leaderboard/<slug:slug>/leaderboard.parquet", board.leaderboard_parquet, name="leaderboard-parquet"),
    path("leaderboard/<slug:slug>/cite.bib", board.cite_bib, name="cite"),
    path("leaderboard/<slug:slug>/changes/", board.changed, name="changes"),
    path("leaderboard/<slug:slug>/changes/changes.csv", board.changed_csv, name="changes-csv"),
    path("leaderboard/<slug:slug>/progress/", board.progress, name="progress"),
    path("leaderboard/<slug:slug>/compare/", analysis.comparison, name="compare"),
    path("leaderboard/<slug:slug>/transfer/", analysis.transfer, name="transfer"),
    path("leaderboard/<slug:slug>/transfer/pairs.csv", analysis.transfer_pairs, name="transfer-pairs"),
    path("leaderboard/<slug:slug>/transfer/hospitals.csv", analysis.transfer_hospitals, name="transfer-hospitals"),
    path("models/<uuid:pk>/", card.card, name="card"),
    path("models/<uuid:pk>/report-card.pdf", card.pdf, name="card-pdf"),
    path("models/<uuid:pk>/private/", card.private, name="private-card"),
    path("models/<uuid:pk>/private/report-card.pdf", card.private_pdf, name="private-card-pdf"),
    path("hospitals/", analysis.hospitals, name="hospitals"),
    path("hospitals/<slug:slug>/", analysis.hospital, name="hospital"),
    path("needle/", analysis.needle_page, name="needle"),
    path("terms/", analysis.terms, name="terms"),
    path("terms/<int:version>/", analysis.terms, name="terms-version"),
    path("numbers/", analysis.numbers, name="numbers"),
    path("docs/", documentation.documentation, name="documentation"),
    path("docs/plain-words/", documentation.families, name="families"),
    path("docs/contract/", documentation.contract, name="contract"),
    path("docs/hospitals/", documentation.joining, name="joining"),
]
