"""Evaluation, its runs (one a hospital's cohort), what they gave, and the workers that carry them out."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Cohort, Hospital
from leaderboard.lib import documents
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
        WITHDRAWN = "withdrawn", "withdrawn"

    class Audit(models.TextChoices):
        """What another program said of some of its scores. A difference stays: its cohort results do not change."""

        NONE_YET = "none-yet", "none yet"
        AGREES = "agrees", "agrees"
        BROKE_DOWN = "broke-down", "broke down"
        DIFFERS = "differs", "differs"

    ENDED: ClassVar[tuple[str, ...]] = (State.DONE, State.FAILED, State.CANCELLED, State.WITHDRAWN)
    ALARMS: ClassVar[tuple[str, ...]] = (Audit.BROKE_DOWN, Audit.DIFFERS)

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="evaluation")
    # `evaluator.statistics.operating_point.OperatingPoint` and its sentence; empty until it is frozen.
    operating_point = models.JSONField(null=True, blank=True)
    locked_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED)
    state_since = models.DateTimeField(default=timezone.now)
    created = models.DateTimeField(default=timezone.now)
    noticed_at = models.DateTimeField(null=True, blank=True, help_text="When its team was told how it ended.")
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

    At a hospital with a machine of its own a run is ordered: ``order_token`` names the order from when it is sent until
    the run ends, also while nothing is heard of it and no lease holds it.
    """

    class State(models.TextChoices):
        CALIBRATION = "waiting-for-calibration", "waiting for calibration"
        QUEUED = "queued", "queued"
        WAITING = "waiting-for-hospital", "waiting for hospital"
        FETCHING = "fetching-image", "fetching image"
        RUNNING = "running", "running"
        SCORING = "scoring", "scoring"
        DONE = "done", "done"
        FAILED = "failed", "failed"
        CANCELLED = "cancelled", "cancelled"
        WITHDRAWN = "withdrawn", "withdrawn"

    HELD: ClassVar[tuple[str, ...]] = (State.FETCHING, State.RUNNING, State.SCORING)
    IN_LINE: ClassVar[tuple[str, ...]] = (State.CALIBRATION, State.QUEUED, State.WAITING)
    OPEN: ClassVar[tuple[str, ...]] = (*IN_LINE, *HELD)
    AGAIN: ClassVar[tuple[str, ...]] = (State.FAILED, State.CANCELLED)  # may be put in line again

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
    order_token = models.UUIDField(null=True, blank=True)
    ordered_at = models.DateTimeField(null=True, blank=True, help_text="When the order, or its cancelling, was sent.")
    heard_serial = models.PositiveBigIntegerField(default=0, help_text="Of the newest report of it.")

    cases_total = models.PositiveIntegerField(default=0)
    cases_done = models.PositiveIntegerField(default=0)
    failure = models.CharField("failure class", max_length=40, blank=True)
    fault = models.CharField(max_length=12, blank=True)
    reason = models.TextField(blank=True)
    next_step = models.TextField(blank=True)
    peak_memory_bytes = models.PositiveBigIntegerField(null=True, blank=True)
    seconds_per_case = models.FloatField(null=True, blank=True)
    gpu = models.JSONField(null=True, blank=True, help_text="`evaluator.wire.Gpu`: which, and what was used of it.")
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
                condition=Q(state__in=("fetching-image", "running", "scoring"), lease_token__isnull=False)
                | (~Q(state__in=("fetching-image", "running", "scoring")) & Q(lease_token__isnull=True)),
                name="run_held_has_a_lease",
            ),
            models.CheckConstraint(
                condition=Q(order_token__isnull=True)
                | Q(state__in=("waiting-for-hospital", "fetching-image", "running", "scoring")),
                name="run_ordered_is_open",
            ),
        )

    def __str__(self) -> str:
        return f"run {self.pk} at {self.hospital_id}"

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def seconds_left(self) -> float | None:
        """Of a run that is under way, at the speed it has."""
        if self.state != self.State.RUNNING or not self.seconds_per_case:
            return None
        return self.seconds_per_case * max(self.cases_total - self.cases_done, 0)


class CohortResult(models.Model):
    """What a run gave, once: a document in the wire format of `evaluator.results`, and what pages ask of it.

    The case results themselves are no rows, because nothing ever asks for one of them: a report, a ranking or a
    comparison reads a whole cohort. Measured by `tests.benchmarks.storage` on two cores, 7.3 million case results: as
    rows by COPY 490 MB and 3.9 s to read for a ranking, as columns by digest 29 MB and 0.6 s. What a hospital sent,
    the whole of it, takes JSONB 16 times as long to keep and 7 times as long to read as a compressed document.
    """

    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="cohort_result")
    sha256 = models.CharField(max_length=64, help_text="Of what was received; the audit log has it too.")
    # Another digest only where a database, in which results were kept once, had written a number in another way.
    document = models.CharField(max_length=64, help_text="Of the file in the data folder.")
    cases = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0, help_text="Of the cases.")
    audit = models.JSONField(null=True, blank=True, help_text="`evaluator.records.Audit`; empty where none was made.")
    received = models.DateTimeField(default=timezone.now)
    constant = models.BooleanField(default=False, help_text="Every scan got the same answer.")
    answers_sha256 = models.CharField(max_length=64, blank=True, db_index=True, help_text="Of all answers; else blank.")

    def __str__(self) -> str:
        return f"cohort result of run {self.run_id}"

    @property
    def payload(self) -> dict[str, Any]:
        """What was received, read from its file."""
        found: dict[str, Any] = documents.read_json(self.document)
        return found


class NullResult(models.Model):
    """What null submissions reach on a cohort, computed at its hospital. A row without ``results`` waits for that.

    Who looks at the row moves ``next_attempt_at`` on: the row is its own lease, and its own patience.
    """

    benchmark = models.ForeignKey(Benchmark, on_delete=models.CASCADE, related_name="nulls")
    cohort = models.ForeignKey(Cohort, on_delete=models.CASCADE, related_name="nulls")
    results = models.JSONField(null=True, blank=True, help_text="By kind, the wire format of `evaluator.results`.")
    sha256 = models.CharField(max_length=64, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    order_token = models.UUIDField(null=True, blank=True)
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


class Permission(models.Model):
    """What a hospital's data steward said of a submission: it may run there, or may not. The newest word counts."""

    hospital = models.ForeignKey(Hospital, on_delete=models.CASCADE, related_name="permissions")
    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="permissions")
    granted = models.BooleanField()
    reason = models.CharField(max_length=300, blank=True, help_text="For the organisers; no team is shown it.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at",)
        constraints = (models.UniqueConstraint(fields=("hospital", "submission"), name="permission_once"),)

    def __str__(self) -> str:
        return f"{self.submission} {'may' if self.granted else 'may not'} run at {self.hospital}"


class Received(models.Model):
    """A message of a hospital's machine, as it arrived: what left that building, as far as it reached this platform.

    Only what its key has signed is here. Of heartbeats (``presence``, ``progress``) the newest takes the place of the
    one before it, and ``count`` says how many came. What was not taken in is named, and its content is not kept.
    """

    REPLACED: ClassVar[tuple[str, ...]] = ("presence", "progress")

    hospital = models.ForeignKey(Hospital, on_delete=models.CASCADE, related_name="received")
    kind = models.CharField(max_length=20)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="received")
    serial = models.PositiveBigIntegerField(help_text="As its sender numbered it.")
    sent = models.DateTimeField(help_text="By the hospital's clock.")
    received = models.DateTimeField(default=timezone.now)
    size = models.PositiveBigIntegerField(help_text="In bytes.")
    sha256 = models.CharField(max_length=64)
    document = models.CharField(max_length=64, blank=True, help_text="Of the file in the data folder.")
    text = models.TextField(blank=True, help_text="Of heartbeats, which are too many for files.")
    taken = models.BooleanField(default=True)
    count = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("-received", "-pk")
        verbose_name_plural = "received"
        indexes = (models.Index(fields=("hospital", "-received"), name="received_lately"),)
        constraints = (models.UniqueConstraint(fields=("hospital", "kind", "sha256"), name="received_once"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.serial} of {self.hospital}"

    @property
    def is_kept(self) -> bool:
        return bool(self.document or self.text)

    @property
    def content(self) -> bytes:
        """To the very text."""
        return documents.read(self.document) if self.document else self.text.encode()
