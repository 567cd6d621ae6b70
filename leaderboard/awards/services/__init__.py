"""What an award starts with, and the demonstration that needs every app below."""

from __future__ import annotations

from leaderboard.awards.services.criteria import criteria_create
from leaderboard.awards.services.demonstration import demonstration_create, demonstration_submit

__all__ = ["criteria_create", "demonstration_create", "demonstration_submit"]
