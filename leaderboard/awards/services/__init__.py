"""What can be done about awards, and the demonstration that fills the whole platform."""

from __future__ import annotations

from leaderboard.awards.services.calls import (
    call_change,
    call_create,
    call_publish,
    discussion_open,
    seat_add,
    seat_remove,
)
from leaderboard.awards.services.conflicts import declaration_make
from leaderboard.awards.services.criteria import criteria_create
from leaderboard.awards.services.decisions import comment_add, decision_make
from leaderboard.awards.services.demonstration import (
    demonstration_create,
    demonstration_name_finalists,
    demonstration_submit,
)
from leaderboard.awards.services.demonstration_calls import demonstration_calls
from leaderboard.awards.services.finalists import finalist_name, finalists_close
from leaderboard.awards.services.letters import letter_hand_in, letter_read, letter_withdraw
from leaderboard.awards.services.reminders import reminders_send
from leaderboard.awards.services.reviews import review_assign, review_lock, review_release, review_save, review_take
from leaderboard.awards.services.sealed import finalists_run_sealed

__all__ = [
    "call_change",
    "call_create",
    "call_publish",
    "comment_add",
    "criteria_create",
    "decision_make",
    "declaration_make",
    "demonstration_calls",
    "demonstration_create",
    "demonstration_name_finalists",
    "demonstration_submit",
    "discussion_open",
    "finalist_name",
    "finalists_close",
    "finalists_run_sealed",
    "letter_hand_in",
    "letter_read",
    "letter_withdraw",
    "reminders_send",
    "review_assign",
    "review_lock",
    "review_release",
    "review_save",
    "review_take",
    "seat_add",
    "seat_remove",
]
