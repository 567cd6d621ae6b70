"""Reviews, the discussion that follows them, and the decision that ends it."""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leaderboard.awards.models.letters import Letter

SCALE = (MinValueValidator(1), MaxValueValidator(9))  # of NIH's framework: 1 is the best, 9 the poorest


def within_scale(name: str) -> Q:
    return Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": 1, f"{name}__lte": 9})


class Review(models.Model):
    """One reviewer's judgement of one letter, a draft until it is locked. Three answers; they are never added up."""

    class Expertise(models.TextChoices):
        SUFFICIENT = "sufficient", "sufficient"
        NOT = "not", "not sufficient"

    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews")
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Empty: the reviewer took it.",
    )
    created = models.DateTimeField(default=timezone.now)
    importance = models.PositiveSmallIntegerField(null=True, blank=True, validators=SCALE)
    importance_why = models.TextField("why", blank=True)
    rigour = models.PositiveSmallIntegerField(null=True, blank=True, validators=SCALE)
    rigour_why = models.TextField("why", blank=True)
    expertise = models.CharField(max_length=12, choices=Expertise, blank=True)
    expertise_why = models.TextField("what is missing", blank=True)
    comments = models.TextField("anything else", blank=True)
    saved_at = models.DateTimeField(null=True, blank=True)
    locked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created", "pk")
        constraints = (
            models.UniqueConstraint(fields=("letter", "reviewer"), name="review_once_a_reviewer"),
            models.CheckConstraint(condition=within_scale("importance"), name="review_importance_1_9"),
            models.CheckConstraint(condition=within_scale("rigour"), name="review_rigour_1_9"),
            models.CheckConstraint(
                condition=Q(locked_at__isnull=True)
                | (Q(importance__isnull=False) & Q(rigour__isnull=False) & ~Q(expertise="")),
                name="review_locked_is_whole",
            ),
        )

    def __str__(self) -> str:
        return f"review of {self.letter} by {self.reviewer}"

    @property
    def answers(self) -> dict[str, Any]:
        """What is locked, and digested."""
        names = (
            "importance", "importance_why", "rigour", "rigour_why", "expertise", "expertise_why", "comments",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


class Said(models.QuerySet["Comment"]):
    """What was said in a discussion stays said."""

    def update(self, **_: Any) -> NoReturn:
        raise TypeError("A discussion is append-only.")

    def delete(self) -> NoReturn:
        raise TypeError("A discussion is append-only.")


class Comment(models.Model):
    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, related_name="comments")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField(max_length=5000)
    at = models.DateTimeField(default=timezone.now)

    objects = Said.as_manager()

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.by} on {self.letter}"


class Decision(models.Model):
    """Once, for good. ``evidence`` is what the verdicts on the team's models were when it was made."""

    class Outcome(models.TextChoices):
        AWARDED = "awarded", "awarded"
        NOT = "not-awarded", "not awarded"
        DEFERRED = "deferred", "deferred to a later call"

    letter = models.OneToOneField(Letter, on_delete=models.PROTECT, related_name="decision")
    outcome = models.CharField(max_length=12, choices=Outcome)
    reason = models.TextField(max_length=5000)
    evidence = models.JSONField(default=list, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("at",)
        constraints = (models.CheckConstraint(condition=~Q(reason=""), name="decision_says_why"),)

    def __str__(self) -> str:
        return f"{self.letter}: {self.get_outcome_display()}"
