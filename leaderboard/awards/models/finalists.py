"""What an entry must exceed to be a candidate, and by which entry each team is judged."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leaderboard.accounts.models import Team
from leaderboard.benchmarks.models import Benchmark
from leaderboard.submissions.models import Submission


class Criterion(models.Model):
    """The upper end of what radiologists reach. A badge is shown beside the award and decides nothing."""

    class Metric(models.TextChoices):
        SENSITIVITY = "sensitivity", "sensitivity"
        SPECIFICITY = "specificity", "specificity"

    benchmark = models.ForeignKey(Benchmark, on_delete=models.CASCADE, related_name="criteria")
    metric = models.CharField(max_length=20, choices=Metric)
    stratum = models.CharField(max_length=20, default="all")
    goal = models.FloatField()
    badge = models.BooleanField(default=False)
    label = models.CharField(max_length=120)
    source = models.TextField()

    class Meta:
        ordering = ("badge", "metric", "stratum")
        verbose_name_plural = "criteria"
        constraints = (
            models.UniqueConstraint(fields=("benchmark", "metric", "stratum"), name="criterion_once"),
            models.CheckConstraint(condition=Q(goal__gt=0) & Q(goal__lt=1), name="criterion_goal_0_1"),
        )

    def __str__(self) -> str:
        return self.label


class Finalist(models.Model):
    """The one submission by which a team wants to be judged, named before the finalists are closed."""

    benchmark = models.ForeignKey(Benchmark, on_delete=models.CASCADE, related_name="finalists")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="finalists")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="finalists")
    named_at = models.DateTimeField(default=timezone.now)
    named_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        ordering = ("named_at",)
        constraints = (models.UniqueConstraint(fields=("benchmark", "team"), name="finalist_one_a_team"),)

    def __str__(self) -> str:
        return f"{self.submission}, finalist"


class Closing(models.Model):
    """From here on the finalists of a benchmark stay as they are."""

    benchmark = models.OneToOneField(Benchmark, on_delete=models.CASCADE, related_name="finalists_closing")
    closed_at = models.DateTimeField(default=timezone.now)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    def __str__(self) -> str:
        return f"finalists of {self.benchmark} closed"
