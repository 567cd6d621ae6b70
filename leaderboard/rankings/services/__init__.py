"""What can be done with rankings: make one, and publish one for good."""

from __future__ import annotations

from leaderboard.rankings.services.final import ranking_publish_final
from leaderboard.rankings.services.make import rankings_reconcile, snapshot_make

__all__ = ["ranking_publish_final", "rankings_reconcile", "snapshot_make"]
