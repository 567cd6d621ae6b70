"""What is asked for, who asks, who answered, who judged, and what was decided."""

from __future__ import annotations

from leaderboard.awards.models.calls import Call, Seat
from leaderboard.awards.models.finalists import Closing, Criterion, Finalist
from leaderboard.awards.models.letters import Declaration, Letter, LetterFile, LetterVersion
from leaderboard.awards.models.readers import ReaderStudy
from leaderboard.awards.models.reminders import Reminder
from leaderboard.awards.models.reviews import Comment, Decision, Review

__all__ = [
    "Call",
    "Closing",
    "Comment",
    "Criterion",
    "Decision",
    "Declaration",
    "Finalist",
    "Letter",
    "LetterFile",
    "LetterVersion",
    "ReaderStudy",
    "Reminder",
    "Review",
    "Seat",
]
