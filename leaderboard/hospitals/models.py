"""Who contributes scans: hospitals, their frozen cohorts, and who looks after them."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

ALIKE = "looks alike"  # `evaluator.cohort.How`, as it is stored


class Hospital(models.Model):
    """Switched off (`active` false), it runs nothing; its runs wait."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120, unique=True)
    country = models.CharField(max_length=60, blank=True)
    active = models.BooleanField(default=True)
    active_since = models.DateTimeField(default=timezone.now)
    stewards = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Stewardship", related_name="hospitals")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def queue(self) -> str:
        return f"hospital.{self.slug}"


class Stewardship(models.Model):
    """A data steward of a hospital."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="stewardships")
    hospital = models.ForeignKey(Hospital, on_delete=models.CASCADE, related_name="stewardships")

    class Meta:
        constraints = (models.UniqueConstraint(fields=("user", "hospital"), name="stewardship_once"),)

    def __str__(self) -> str:
        return f"{self.user} at {self.hospital}"


class Cohort(models.Model):
    """A frozen, versioned set of a hospital's cases. Its fingerprint binds every scan and reference to its case.

    Calibration patients are as held out as the others, but only operating points are frozen on them; sealed ones are
    scored once, in the final.
    """

    class Purpose(models.TextChoices):
        HELD_OUT = "held-out", "held out"
        SAMPLE = "sample", "public sample"
        CALIBRATION = "calibration", "calibration"
        SEALED = "sealed", "sealed until the final"

    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="cohorts")
    name = models.CharField(max_length=100)
    version = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=80)
    folder = models.CharField(max_length=1000)
    purpose = models.CharField(max_length=12, choices=Purpose, default=Purpose.HELD_OUT)
    frozen_at = models.DateTimeField(default=timezone.now)
    counts = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("hospital__name", "name", "version")
        constraints = (
            models.UniqueConstraint(fields=("hospital", "name", "version"), name="cohort_version_once"),
            models.UniqueConstraint(fields=("hospital", "fingerprint"), name="cohort_fingerprint_once"),
            models.CheckConstraint(
                condition=Q(purpose__in=("held-out", "sample", "calibration", "sealed")), name="cohort_purpose_known"
            ),
        )

    def __str__(self) -> str:
        return f"{self.hospital} {self.name} {self.version}"

    @property
    def path(self) -> Path:
        return Path(self.folder)


class Case(models.Model):
    """One scan with its reference standard. The scan itself stays in the cohort's folder."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="cases")
    case = models.CharField(max_length=100)
    patient = models.CharField(max_length=100)
    cancer = models.BooleanField()
    index_scan = models.BooleanField()
    attributes = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("cohort", "case")
        constraints = (
            models.UniqueConstraint(fields=("cohort", "case"), name="case_once"),
            models.UniqueConstraint(
                fields=("cohort", "patient"), condition=Q(index_scan=True), name="case_one_index_scan_a_patient"
            ),
        )

    def __str__(self) -> str:
        return f"{self.cohort_id}/{self.case}"


class OverlapCheck(models.Model):
    """A cohort looked through for the scans of a training set. For organisers and the hospital's data stewards."""

    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="overlap_checks")
    other = models.CharField("training set", max_length=200)
    list_sha256 = models.CharField(max_length=64)
    cases = models.PositiveIntegerField()
    scans = models.PositiveIntegerField()
    least = models.FloatField(help_text="Agreement from which two scans look alike.")
    matches = models.JSONField(default=list, blank=True)
    checked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("cohort__hospital__name", "cohort", "other")
        constraints = (
            models.UniqueConstraint(fields=("cohort", "list_sha256"), name="overlap_once_a_list"),
            models.CheckConstraint(condition=Q(least__gte=0) & Q(least__lte=1), name="overlap_least_0_1"),
        )

    def __str__(self) -> str:
        return f"{self.cohort} and {self.other}"

    @property
    def surely(self) -> int:
        """Cases that are in the training set."""
        return len({match["case"] for match in self.matches if match["how"] != ALIKE})

    @property
    def maybe(self) -> int:
        """Cases that only look as if they were."""
        return len({match["case"] for match in self.matches}) - self.surely
