"""A ranking is a dated, frozen snapshot; its entries are the rows of the leaderboard."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Evaluation


class Snapshot(models.Model):
    """Everything needed to say where a number comes from: inputs by digest, versions, seed; and the numbers."""

    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="snapshots")
    number = models.PositiveIntegerField()
    created = models.DateTimeField(default=timezone.now)
    seed = models.PositiveBigIntegerField()
    versions = models.JSONField()
    inputs = models.JSONField()
    inputs_sha256 = models.CharField(max_length=64)
    ranking = models.JSONField()
    report = models.JSONField()
    published = models.BooleanField(default=True)

    class Meta:
        ordering = ("benchmark", "-number")
        constraints = (models.UniqueConstraint(fields=("benchmark", "number"), name="snapshot_number_once"),)

    def __str__(self) -> str:
        return f"{self.benchmark} ranking {self.number}"


class Entry(models.Model):
    """One submission in a snapshot. Unranked entries have a reason and no rank set."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="entries")
    evaluation = models.ForeignKey(Evaluation, on_delete=models.PROTECT, related_name="entries")
    position = models.PositiveIntegerField(help_text="Order of display only; the rank set says what is known.")
    rank_low = models.PositiveIntegerField(null=True, blank=True)
    rank_high = models.PositiveIntegerField(null=True, blank=True)
    score = models.FloatField(null=True, blank=True)
    worst_hospital = models.CharField(max_length=120, blank=True)
    worst_value = models.FloatField(null=True, blank=True)
    unranked_reason = models.TextField(blank=True)
    overall = models.JSONField(help_text="The overall block of the report, copied so that the leaderboard loads fast.")
    counts = models.JSONField(
        help_text="Of each hospital, k and n per rate and stratum, nothing hidden; for awards only."
    )

    class Meta:
        ordering = ("snapshot", "position")
        constraints = (
            models.UniqueConstraint(fields=("snapshot", "evaluation"), name="entry_once"),
            models.CheckConstraint(
                condition=Q(rank_low__isnull=True, rank_high__isnull=True)
                | Q(rank_low__gte=1, rank_low__lte=F("rank_high")),
                name="entry_rank_set_in_order",
            ),
        )

    def __str__(self) -> str:
        return f"{self.evaluation_id} in {self.snapshot_id}"

    @property
    def is_ranked(self) -> bool:
        return self.rank_low is not None
