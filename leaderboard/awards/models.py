"""What an entry must exceed to be a candidate."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from leaderboard.benchmarks.models import Benchmark


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
