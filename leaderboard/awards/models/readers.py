"""What radiologists said of the very cases that models are judged on."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from leaderboard.benchmarks.models import Benchmark


class ReaderStudy(models.Model):
    """Every reader on every patient. ``calls``: ``[hospital, patient, [1, 0, …]]``, a call for each of ``readers``."""

    benchmark = models.OneToOneField(Benchmark, on_delete=models.CASCADE, related_name="reader_study")
    source = models.TextField(help_text="Who read, how, and where it is described.")
    readers = models.JSONField()
    calls = models.JSONField()
    sha256 = models.CharField(max_length=64, help_text="Of the table as it was brought.")
    imported_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "reader studies"

    def __str__(self) -> str:
        return f"{len(self.readers)} readers on {len(self.calls)} patients, {self.benchmark}"
