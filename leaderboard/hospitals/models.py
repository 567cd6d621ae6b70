"""Who contributes scans: hospitals, their frozen cohorts, and who looks after them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leaderboard.lib.leases import next_ring

ALIKE = "looks alike"  # `evaluator.cohort.How`, as it is stored


class Hospital(models.Model):
    """Switched off (`active` false), it runs nothing; its runs wait."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120, unique=True)
    country = models.CharField(max_length=60, blank=True)
    active = models.BooleanField(default=True)
    active_since = models.DateTimeField(default=timezone.now)
    off_by_steward = models.BooleanField(default=False, help_text="By one of its data stewards: only they resume.")
    approves = models.BooleanField(
        default=False, help_text="Nothing runs there that one of its data stewards has not approved."
    )
    stewards = models.ManyToManyField(settings.AUTH_USER_MODEL, through="Stewardship", related_name="hospitals")

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def queue(self) -> str:
        return f"hospital.{self.slug}"

    @property
    def is_remote(self) -> bool:
        """It runs submissions on a machine of its own, or did before that ended: never on the platform's."""
        return hasattr(self, "enrolment")


class Enrolment(models.Model):
    """A hospital that runs submissions on a machine of its own. It joins once, with a code, and brings its key.

    Its identity is the queue that a report came by, and that key; ``revoked_at`` ends both.
    """

    hospital = models.OneToOneField(Hospital, on_delete=models.CASCADE, related_name="enrolment")
    code_sha256 = models.CharField(max_length=64, blank=True, help_text="Of the code it joins with; blank once used.")
    public_key = models.CharField(max_length=60, blank=True)
    enrolled_at = models.DateTimeField(default=timezone.now)
    joined_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    serial = models.PositiveBigIntegerField(default=0, help_text="Of the last order to it.")
    last_seen = models.DateTimeField(null=True, blank=True)
    presence = models.JSONField(default=dict, blank=True, help_text="`evaluator.wire.Presence`, the newest.")
    presence_serial = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ("hospital__name",)
        constraints = (
            models.CheckConstraint(
                condition=Q(public_key="", joined_at__isnull=True) | (~Q(public_key="") & Q(joined_at__isnull=False)),
                name="enrolment_joined_with_a_key",
            ),
        )

    def __str__(self) -> str:
        return f"enrolment of {self.hospital}"

    @property
    def is_open(self) -> bool:
        """It has joined, and may go on."""
        return bool(self.public_key) and self.revoked_at is None

    @property
    def slots(self) -> int:
        """Runs it does at a time."""
        return int(self.presence.get("slots", 1))

    @property
    def gpus(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.presence.get("gpus", [])
        return found

    @property
    def holds(self) -> set[str]:
        """Leases of orders that it knows and has not ended."""
        return set(self.presence.get("holds", []))


class CohortOffer(models.Model):
    """A cohort that lies at a hospital with a machine of its own, as its worker told of it; organisers take it in."""

    hospital = models.ForeignKey(Hospital, on_delete=models.CASCADE, related_name="offers")
    name = models.CharField(max_length=100)
    version = models.CharField(max_length=40)
    fingerprint = models.CharField(max_length=80)
    records = models.JSONField(help_text="`evaluator.records.CaseRecord`s.")
    counts = models.JSONField(default=dict, blank=True)
    received = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("hospital__name", "name", "version")
        constraints = (models.UniqueConstraint(fields=("hospital", "fingerprint"), name="offer_once"),)

    def __str__(self) -> str:
        return f"{self.hospital} offers {self.name} {self.version}"


class Alert(models.Model):
    """Something that a hospital's machine sent, or found, that must not be. The same again only counts."""

    class Kind(models.TextChoices):
        REFUSED = "refused", "a message that was refused"
        REPEATED = "repeated", "a result that had come before"
        STALE = "stale", "a report of a run that is over"
        RESULT = "result", "a result that does not fit"
        COHORT = "cohort", "scans or references that were changed"

    hospital = models.ForeignKey(Hospital, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=12, choices=Kind)
    about = models.CharField(max_length=100, blank=True)
    said = models.TextField()
    count = models.PositiveIntegerField(default=1)
    first = models.DateTimeField(default=timezone.now)
    last = models.DateTimeField(default=timezone.now)
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-last",)
        constraints = (
            models.UniqueConstraint(
                fields=("hospital", "kind", "about"), condition=Q(acknowledged_at__isnull=True), name="alert_open_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.hospital}: {self.get_kind_display()}"


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
    folder = models.CharField(max_length=1000, blank=True, help_text="Blank: it lies at its hospital.")
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
        name = self.name if str(self.hospital) in self.name else f"{self.hospital} {self.name}"
        return f"{name} {self.version}"

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


class CohortCheck(models.Model):
    """A cohort's folder, looked through by a worker: to freeze it, or to see whether it is still what was frozen.

    The row is its place in line, its progress, and what was found.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "waiting for a worker"
        CHECKING = "checking", "being checked"
        FAULTY = "faulty", "has faults"
        DONE = "done", "done"
        FAILED = "failed", "could not be checked"

    OPEN: ClassVar[tuple[str, ...]] = (State.WAITING, State.CHECKING)

    hospital = models.ForeignKey(Hospital, on_delete=models.CASCADE, related_name="cohort_checks")
    folder = models.CharField(max_length=1000)
    purpose = models.CharField(max_length=12, choices=Cohort.Purpose, default=Cohort.Purpose.HELD_OUT)
    freezes = models.BooleanField(default=True)
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, null=True, blank=True, related_name="checks")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    finished = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    state_since = models.DateTimeField(default=timezone.now)
    cases_done = models.PositiveIntegerField(default=0)
    cases_total = models.PositiveIntegerField(default=0)
    faults = models.JSONField(default=list, blank=True, help_text="`lib.errors.Fault`s.")
    warnings = models.JSONField(default=list, blank=True)
    reason = models.TextField(blank=True)
    attempt = models.PositiveIntegerField(default=0)
    ring_at = models.DateTimeField(default=next_ring)  # when to ring if nobody came
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=200, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created", "-pk")
        indexes = (models.Index(fields=("state", "state_since"), name="cohort_check_queue"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(state="checking", lease_token__isnull=False)
                | (~Q(state="checking") & Q(lease_token__isnull=True)),
                name="cohort_check_held_has_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(freezes=True) | Q(cohort__isnull=False), name="cohort_check_is_of_something"
            ),
        )

    def __str__(self) -> str:
        return f"check of {self.folder}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


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
