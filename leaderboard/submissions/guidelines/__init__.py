"""Reporting guidelines for diagnostic AI: their items, and who can answer each of them.

An item is answered by topics. Of some the platform knows the answer, of some only the team of the model, of some only
the hospitals. Numbers and names of items are those of the published checklists.
"""

from __future__ import annotations

from leaderboard.submissions.guidelines.claim import CLAIM
from leaderboard.submissions.guidelines.records import By, Guideline, Item, Topic
from leaderboard.submissions.guidelines.stard import STARD_AI
from leaderboard.submissions.guidelines.topics import TEAM, TOPICS
from leaderboard.submissions.guidelines.tripod import TRIPOD_AI

GUIDELINES = (STARD_AI, CLAIM, TRIPOD_AI)

__all__ = ["GUIDELINES", "TEAM", "TOPICS", "By", "Guideline", "Item", "Topic", "answers"]


def answers(topic: str) -> str:
    """Which items a topic answers: "STARD-AI 3, 34; CLAIM 2024 3"."""
    parts = []
    for guideline in GUIDELINES:
        numbers = [item.number for item in guideline.items if topic in item.topics]
        if numbers:
            parts.append(f"{guideline.name} {', '.join(numbers)}")
    return "; ".join(parts)
