"""Evaluation, its runs (one a hospital's cohort), what they gave, and the workers that carry them out."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Cohort, Hospital
from leaderboard.lib.leases import next_ring
from leaderboard.submissions.models import Submission


class Evaluation(models.Model):
    """One submission on its benchmark. Its state follows from its runs', and so does what their audits found."""

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        RUNNING = "running", "running"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    class Audit(models.TextChoices):
        """What another program said of some of its scores. A difference stays: its cohort results do not change."""

        NONE_YET = "none-yet", "none yet"
        AGREES = "agrees", "agrees"
        BROKE_DOWN = "broke-down", "broke down"
        DIFFERS = "differs", "differs"

    ENDED: ClassVar[tuple[str, ...]] = (State.DONE, State.FAILED, State.CANCELLED)
    ALARMS: ClassVar[tuple[str, ...]] = (Audit.BROKE_DOWN, Audit.DIFFERS)

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="evaluation")
    # `evaluator.statistics.operating_point.OperatingPoint` and its sentence; empty until it is frozen.
    operating_point = models.JSONField(null=True, blank=True)
    locked_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    state_since = models.DateTimeField(default=timezone.now)
    created = models.DateTimeField(default=timezone.now)
    audit = models.CharField(max_length=12, choices=Audit, default=Audit.NONE_YET)
    audited_at = models.DateTimeField(null=True, blank=True)
    # An organiser has seen the alarm; a later one clears this.
    audit_acknowledged_at = models.DateTimeField(null=True, blank=True)
    audit_acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ("-created",)
        constraints = (
            models.CheckConstraint(
                condition=Q(operating_point__isnull=True, locked_at__isnull=True)
                | Q(operating_point__isnull=False, locked_at__isnull=False),
                name="evaluation_locked_at_once",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(operating_point__isnull=False), name="evaluation_done_has_a_threshold"
            ),
        )

    def __str__(self) -> str:
        return f"evaluation of {self.submission}"

    @property
    def threshold(self) -> float:
        """A patient is flagged above it. Held-out runs begin only once it is frozen."""
        if self.operating_point is None:
            raise ValueError(f"The operating point of evaluation {self.pk} is not frozen yet.")
        threshold: float = self.operating_point["threshold"]
        return threshold

    @property
    def is_told(self) -> bool:
        """Whether its team may know how it stands: when a run ends is itself something of the held-out patients."""
        last = self.submission.benchmark.last_batch
        return last is None or (self.state in self.ENDED and self.state_since <= last)

    @property
    def is_marked(self) -> bool:
        """Another program does not find some of its scores. Nobody but organisers learns more than this."""
        return self.audit == self.Audit.DIFFERS


class Run(models.Model):
    """One submission at one hospital. A row is also its place in that hospital's queue.

    Runs on held-out patients wait until those on calibration patients are done and the operating point is frozen. Runs
    on sealed patients are made for the final only, and the state of the evaluation does not follow from them.
    """

    class State(models.TextChoices):
        CALIBRATION = "waiting-for-calibration", "waiting for calibration"
        QUEUED = "queued", "queued"
        WAITING = "waiting-for-hospital", "waiting for hospital"
        RUNNING = "running", "running"
        SCORING = "scoring", "scoring"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"

    HELD: ClassVar[tuple[str, ...]] = (State.RUNNING, State.SCORING)
    IN_LINE: ClassVar[tuple[str, ...]] = (State.CALIBRATION, State.QUEUED, State.WAITING)
    OPEN: ClassVar[tuple[str, ...]] = (*IN_LINE, *HELD)

    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="runs")
    hospital = models.ForeignKey(Hospital, on_delete=models.PROTECT, related_name="runs")
    cohort = models.ForeignKey(Cohort, on_delete=models.PROTECT, related_name="runs")
    calibrates = models.BooleanField(default=False, help_text="For the operating point only; counts in no number.")
    sealed = models.BooleanField(default=False, help_text="For the final only; counts in no number before.")

    state = models.CharField(max_length=24, choices=State, default=State.QUEUED)
    state_since = models.DateTimeField(default=timezone.now)
    attempt = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    cancel_requested = models.BooleanField(default=False)
    ring_at = models.DateTimeField(default=next_ring)  # when to ring if nobody came
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=200, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)

    cases_total = models.PositiveIntegerField(default=0)
    cases_done = models.PositiveIntegerField(default=0)
    failure = models.CharField("failure class", max_length=40, blank=True)
    fault = models.CharField(max_length=12, blank=True)
    reason = models.TextField(blank=True)
    next_step = models.TextField(blank=True)
    peak_memory_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    created = models.DateTimeField(default=timezone.now)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("evaluation", "hospital__name")
        indexes = (models.Index(fields=("state", "state_since"), name="run_queue"),)
        constraints = (
            models.UniqueConstraint(fields=("evaluation", "cohort"), name="run_once_a_cohort"),
            models.CheckConstraint(condition=~Q(calibrates=True, sealed=True), name="run_calibrates_or_is_sealed"),
            models.CheckConstraint(
                condition=Q(state__in=("running", "scoring"), lease_token__isnull=False)
                | (~Q(state__in=("running", "scoring")) & Q(lease_token__isnull=True)),
                name="run_held_has_a_lease",
            ),
        )

    def __str__(self) -> str:
        return f"run {self.pk} at {self.hospital_id}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN


class CohortResult(models.Model):
    """What a run gave, once: the wire format of `evaluator.results` for this one cohort."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="cohort_result")
    payload = models.JSONField()
    sha256 = models.CharField(max_length=64)
    received = models.DateTimeField(default=timezone.now)
    constant = models.BooleanField(default=False, help_text="Every scan got the same answer.")
    answers_sha256 = models.CharField(max_length=64, blank=True, db_index=True, help_text="Of all answers; else blank.")

    def __str__(self) -> str:
        return f"cohort result of run {self.run_id}"


class NullResult(models.Model):
    """What null submissions reach on a cohort, computed at its hospital. A row without ``results`` waits for that.

    Who looks at the row moves ``next_attempt_at`` on: the row is its own lease, and its own patience.
    """

    benchmark = models.ForeignKey(Benchmark, on_delete=models.CASCADE, related_name="nulls")
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="nulls")
    results = models.JSONField(null=True, blank=True, help_text="By kind, the wire format of `evaluator.results`.")
    sha256 = models.CharField(max_length=64, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    ring_at = models.DateTimeField(default=timezone.now)  # when to ring if nobody came
    reason = models.TextField(blank=True)
    computed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("benchmark", "cohort")
        constraints = (
            models.UniqueConstraint(fields=("benchmark", "cohort"), name="null_once_a_cohort"),
            models.CheckConstraint(
                condition=Q(computed_at__isnull=True, sha256="") | (Q(computed_at__isnull=False) & ~Q(sha256="")),
                name="null_computed_at_once",
            ),
        )

    def __str__(self) -> str:
        return f"null submissions on {self.cohort}"


class Worker(models.Model):
    """A Celery worker process, as it last said of itself."""

    name = models.CharField(max_length=200, unique=True)
    queues = models.JSONField(default=list)
    started = models.DateTimeField(default=timezone.now)
    last_seen = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class RunLog(models.Model):
    """What one container of a run on held-out scans printed (`lib.encrypted`). No team ever sees it."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="logs")
    attempt = models.PositiveIntegerField()
    encrypted = models.BinaryField()
    created = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"log of attempt {self.attempt} of run {self.run_id}"
