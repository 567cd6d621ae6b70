"""What is asked of a submission, and what the numbers are held against."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from leaderboard.hospitals.models import Cohort

# Of cancers that are looked for in CT.
ORGANS = (
    "adrenal gland", "bladder", "bone", "breast", "colon", "duodenum", "esophagus", "gallbladder",
    "kidney", "liver", "lung", "pancreas", "prostate", "spleen", "stomach", "uterus",
)  # fmt: skip
BATCHES = (1, 2, 3, 4, 6, 8, 12, 24)  # hours that a day is a whole number of
CONTRACTS = ("folder", "grand-challenge")


def folder_and_grand_challenge() -> list[str]:
    return list(CONTRACTS)


def check_prevalences(value: Any) -> None:
    """A list of {"value": 0.04, "label": "high risk"}, each value strictly between 0 and 1."""
    if not isinstance(value, list) or not value:
        raise ValidationError("Give at least one prevalence.")
    for item in value:
        if not isinstance(item, dict) or set(item) != {"value", "label"}:
            raise ValidationError("Each prevalence has a value and a label.")
        if not isinstance(item["value"], float) or not 0 < item["value"] < 1:
            raise ValidationError(f"{item['value']} is not a prevalence: it lies strictly between 0 and 1.")


FEWEST = 5  # of fewer it would be too easy to tell who they are


class Benchmark(models.Model):
    """One question, the hospitals' cohorts it is asked on, and the rules under which it is answered.

    ``strata`` lists the size strata of the report, smallest first, with their edges in mm:
    ``[{"key": "le10", "label": "≤ 10 mm", "above": null, "upto": 10}]``. Without a calibration cohort, submissions
    bring their operating points themselves.
    """

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    question = models.TextField()
    organ = models.CharField(max_length=40)
    contracts = models.JSONField(default=folder_and_grand_challenge)
    strata = models.JSONField(default=list)
    prevalences = models.JSONField(default=list, validators=[check_prevalences])
    panel_minimum = models.PositiveIntegerField(default=30)
    public_minimum = models.PositiveIntegerField(default=10)
    accepted_alarms = models.PositiveIntegerField(
        default=10,
        validators=[MinValueValidator(1)],
        help_text="False alarms that finding one more cancer is worth: the weight of the net score.",
    )
    quota_per_month = models.PositiveIntegerField(default=5)
    case_limit_seconds = models.PositiveIntegerField(default=600, validators=[MinValueValidator(1)])
    memory_bytes = models.PositiveBigIntegerField(default=16 * 1024**3)
    gpus = models.PositiveSmallIntegerField(
        default=0, choices=[(0, "none"), (1, "one")], help_text="That a container gets; a hospital without waits."
    )
    gpu_memory_bytes = models.PositiveBigIntegerField(default=0, help_text="That its GPU must have at least.")
    replicates = models.PositiveIntegerField(
        default=2000, validators=[MinValueValidator(100), MaxValueValidator(100_000)]
    )
    demonstration = models.BooleanField(default=False, help_text="Synthetic scans: every page says so.")
    published = models.BooleanField(default=False)
    created = models.DateTimeField(default=timezone.now)
    cohorts = models.ManyToManyField(Cohort, related_name="benchmarks", blank=True)
    sample = models.ForeignKey(Cohort, on_delete=models.PROTECT, null=True, blank=True, related_name="sample_of")
    calibration = models.ManyToManyField(Cohort, related_name="calibrates", blank=True)
    false_alarm_share = models.FloatField(
        default=0.01,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Of people without cancer; operating points are frozen for it on the calibration patients.",
    )
    confident = models.BooleanField(
        default=False, help_text="That share at most with 95 % certainty, rather than on average."
    )

    sealed = models.ManyToManyField(Cohort, related_name="sealed_for", blank=True)
    sealed_runs_at = models.DateTimeField(
        null=True, blank=True, help_text="When the chosen submissions were sent to the sealed cohorts, once for all."
    )
    ladder = models.BooleanField(
        default=False, help_text="Before the final, pages show of each team what the Ladder released and nothing else."
    )
    batch_hours = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        choices=[(hours, f"every {hours} h") for hours in BATCHES],
        help_text="Teams are told how runs ended at these times only, from midnight UTC on; empty: at once.",
    )
    verified_only = models.BooleanField(
        default=False, help_text="Takes submissions of teams whose organisation was verified, and of no others."
    )
    strata_at_final = models.BooleanField(
        default=False, help_text="Sizes, locations, lead times and groups of patients are shown in the final only."
    )
    final_at = models.DateTimeField(null=True, blank=True, help_text="When the final was opened.")

    class Meta:
        ordering = ("title",)
        constraints = (
            models.CheckConstraint(
                condition=Q(false_alarm_share__gt=0) & Q(false_alarm_share__lt=1), name="benchmark_false_alarms_0_1"
            ),
        )

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """A hospital on the panel is named with its numbers, so it must have patients enough to be named; and numbers
        of a few patients are shown of made-up ones only."""
        if self.public_minimum < FEWEST and not self.demonstration:
            few = f"Of real patients, {FEWEST} at least stand behind a public number."
            raise ValidationError({"public_minimum": few})
        if self.panel_minimum < self.public_minimum:
            fewest = f"A panel hospital is shown, so it takes the public minimum of {self.public_minimum}."
            raise ValidationError({"panel_minimum": fewest})

    @property
    def is_on_ladder(self) -> bool:
        """No ranking is made yet, and no number is shown but the Ladder's."""
        return self.ladder and self.final_at is None

    @property
    def last_batch(self) -> datetime | None:
        """The published time that was last: what ended later is not told yet. None where it is told at once."""
        if self.batch_hours is None:
            return None
        now = timezone.now().astimezone(UTC)
        return now.replace(hour=now.hour - now.hour % self.batch_hours, minute=0, second=0, microsecond=0)

    @property
    def next_batch(self) -> datetime | None:
        last = self.last_batch
        return None if last is None or self.batch_hours is None else last + timedelta(hours=self.batch_hours)

    @property
    def keeps_strata(self) -> bool:
        return self.strata_at_final and self.final_at is None

    @property
    def prevalence_values(self) -> list[float]:
        return [item["value"] for item in self.prevalences]


class Terms(models.Model):
    """What who hands in agrees to, on every benchmark of the site. A new text is a new version; none is changed."""

    version = models.PositiveIntegerField(unique=True, validators=[MinValueValidator(1)])
    text = models.TextField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-version",)
        verbose_name_plural = "terms"

    def __str__(self) -> str:
        return f"terms, version {self.version}"


class ReaderBaseline(models.Model):
    """What radiologists reach, as published: a range, with its source."""

    class Metric(models.TextChoices):
        SENSITIVITY = "sensitivity", "sensitivity"
        SPECIFICITY = "specificity", "specificity"

    benchmark = models.ForeignKey(Benchmark, on_delete=models.CASCADE, related_name="reader_baselines")
    label = models.CharField(max_length=120)
    metric = models.CharField(max_length=20, choices=Metric)
    stratum = models.CharField(max_length=20, default="all")
    low = models.FloatField()
    high = models.FloatField()
    source = models.TextField()
    url = models.URLField(blank=True)

    class Meta:
        ordering = ("metric", "stratum")
        constraints = (
            models.UniqueConstraint(fields=("benchmark", "label", "metric", "stratum"), name="baseline_once"),
            models.CheckConstraint(
                condition=Q(low__gte=0) & Q(low__lte=F("high")) & Q(high__lte=1), name="baseline_is_a_range"
            ),
        )

    def __str__(self) -> str:
        return f"{self.label}: {self.metric} ({self.stratum}) {self.low:.0%}–{self.high:.0%}"
