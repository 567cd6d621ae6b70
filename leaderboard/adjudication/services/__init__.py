"""What can be done with suspected missed lesions: look for them, show and decide them, prepare the next version."""

from __future__ import annotations

from leaderboard.adjudication.services.decide import (
    LONGEST,
    Shown,
    decision_make,
    decision_undo,
    suspect_show,
)
from leaderboard.adjudication.services.next_version import draft_json, draft_of, next_version_write
from leaderboard.adjudication.services.overlays import findings_overlay, suspect_overlay
from leaderboard.adjudication.services.search import search_order, search_run, searches_reconcile

__all__ = [
    "LONGEST",
    "Shown",
    "decision_make",
    "decision_undo",
    "draft_json",
    "draft_of",
    "findings_overlay",
    "next_version_write",
    "search_order",
    "search_run",
    "searches_reconcile",
    "suspect_overlay",
    "suspect_show",
]
