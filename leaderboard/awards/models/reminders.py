"""That people were reminded of a deadline, so that they are reminded of it once."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from leaderboard.awards.models.calls import Call


class Reminder(models.Model):
    """Of one deadline of a call; of one that was moved people are reminded again."""

    class Kind(models.TextChoices):
        LETTERS_WEEK = "letters-week", "a week before letters close"
        LETTERS_DAY = "letters-day", "a day before letters close"
        CLOSED = "closed", "letters are closed"
        REVIEWS_WEEK = "reviews-week", "a week before reviews are due"
        REVIEWS_DAY = "reviews-day", "a day before reviews are due"
        OVERDUE = "overdue", "reviews are overdue"

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="reminders")
    kind = models.CharField(max_length=20, choices=Kind)
    deadline = models.DateTimeField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("at", "pk")
        constraints = (models.UniqueConstraint(fields=("call", "kind", "deadline"), name="reminder_once"),)

    def __str__(self) -> str:
        return f"{self.call}: {self.get_kind_display()}"
