"""Reading about awards: candidates and what is known of them, calls, and who may see what of a letter."""

from __future__ import annotations

from leaderboard.awards.selectors.calls import calls_shown, get_call_for, recused_letters, state_of
from leaderboard.awards.selectors.judging import (
    Candidate,
    Candidates,
    candidates,
    finalist_of,
    is_closed,
    may_be_finalist,
)
from leaderboard.awards.selectors.standing import Standing, get_letter_for, standing_of

__all__ = [
    "Candidate",
    "Candidates",
    "Standing",
    "calls_shown",
    "candidates",
    "finalist_of",
    "get_call_for",
    "get_letter_for",
    "is_closed",
    "may_be_finalist",
    "recused_letters",
    "standing_of",
    "state_of",
]
