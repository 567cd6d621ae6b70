"""A line of the leaderboard's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.dashboards.formatting import Shown


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line. ``number`` names it for the tie marks; ``lanes`` are its parts of the brackets."""

    name: str
    cells: Sequence[Shown]
    team: str = ""
    submission: str = ""
    kind: str = "model"
    number: int = 0
    rank: str = ""
    change: str = ""
    reason: str = ""
    ties: str = ""
    lanes: Sequence[str] = ()
