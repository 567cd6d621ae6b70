"""What can be done with rankings: make one, and publish one for good."""

from __future__ import annotations

from leaderboard.rankings.services.final import ranking_publish_final
from leaderboard.rankings.services.ladder import ladder_climb
from leaderboard.rankings.services.leaders import search_missing
from leaderboard.rankings.services.make import rankings_reconcile, snapshot_make
from leaderboard.rankings.services.opening import final_open
from leaderboard.rankings.services.private import private_numbers, private_numbers_make
from leaderboard.rankings.services.sealed import sealed_ranking_make

__all__ = [
    "final_open",
    "ladder_climb",
    "private_numbers",
    "private_numbers_make",
    "ranking_publish_final",
    "rankings_reconcile",
    "sealed_ranking_make",
    "search_missing",
    "snapshot_make",
]
