"""What can be done about awards, and the demonstration that fills the whole platform."""

from __future__ import annotations

from leaderboard.awards.services.criteria import criteria_create
from leaderboard.awards.services.demonstration import (
    demonstration_create,
    demonstration_name_finalists,
    demonstration_submit,
)
from leaderboard.awards.services.finalists import finalist_name, finalists_close
from leaderboard.awards.services.sealed import finalists_run_sealed

__all__ = [
    "criteria_create",
    "demonstration_create",
    "demonstration_name_finalists",
    "demonstration_submit",
    "finalist_name",
    "finalists_close",
    "finalists_run_sealed",
]
