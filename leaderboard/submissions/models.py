"""Submission: an image handed in by a team, identified by its digest, immutable once accepted."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from leaderboard.accounts.models import Team
from leaderboard.benchmarks.models import Benchmark, Terms
from leaderboard.hospitals.models import Hospital
from leaderboard.lib.leases import next_ring
from leaderboard.lib.words import plain_line
from leaderboard.submissions.guidelines import TEAM

LONGEST_STATEMENT = 4000  # characters


class Upload(models.Model):
    """An archive on its way. Bytes arrive in order and in pieces; ``offset`` of them are on disk and counted."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=255)
    size = models.PositiveBigIntegerField()
    offset = models.PositiveBigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, help_text="As its sender computed it; empty if it did not.")
    created = models.DateTimeField(default=timezone.now)
    expires = models.DateTimeField()

    class Meta:
        ordering = ("-created",)
        constraints = (models.CheckConstraint(condition=Q(offset__lte=F("size")), name="upload_within_its_size"),)

    def __str__(self) -> str:
        return f"{self.name}, {self.offset} of {self.size} bytes"

    @property
    def path(self) -> Path:
        folder: Path = settings.DATA
        return folder / "uploads" / f"{self.pk}.upload"

    @property
    def is_complete(self) -> bool:
        return self.offset == self.size


class Submission(models.Model):
    """Also its place in the queue: `uploaded` waits for its check, `trying-out` without a lease for its try-out."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", "waiting for its check"
        CHECKING = "checking", "being checked"
        TRYING_OUT = "trying-out", "being tried out"
        ACCEPTED = "accepted", "accepted"
        REFUSED = "refused", "refused"
        WITHDRAWN = "withdrawn", "withdrawn"

    OPEN: ClassVar[tuple[str, ...]] = (State.UPLOADED, State.CHECKING, State.TRYING_OUT)
    GONE: ClassVar[tuple[str, ...]] = (State.REFUSED, State.WITHDRAWN)

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="submissions")
    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="submissions")
    model = models.CharField("model name", max_length=80, validators=[plain_line])
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(default=timezone.now)
    archive_name = models.CharField(max_length=255)
    archive_bytes = models.PositiveBigIntegerField()
    archive_sha256 = models.CharField(max_length=64)
    weights_bytes = models.PositiveBigIntegerField(default=0)
    weights_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of an archive of weights that came beside the image; empty without."
    )
    joined_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of the image archive that holds the weights, which then replaces both."
    )
    image = models.CharField("config digest", max_length=80, blank=True, db_index=True)
    contract = models.CharField(max_length=20)
    threshold = models.FloatField(default=0.5, validators=[MinValueValidator(0), MaxValueValidator(1)])
    declared_prevalence = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="That its likelihoods are made for; they are no probabilities without.",
    )
    trained_on = models.ManyToManyField(Hospital, related_name="+", blank=True)
    public = models.BooleanField(default=True)
    priority = models.SmallIntegerField(default=0, help_text="Runs of a higher one begin earlier; organisers set it.")
    reference = models.CharField(
        max_length=300, blank=True, help_text="NAME@sha256:…, its manifest in the registry that hospitals fetch from."
    )
    terms = models.ForeignKey(Terms, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    agreed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    agreed_at = models.DateTimeField(null=True, blank=True, help_text="Empty for what came before there were terms.")
    follows = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="followed_by",
        help_text="The earlier version of the same model; its team says so.",
    )

    state = models.CharField(max_length=12, choices=State, default=State.UPLOADED)
    state_since = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, blank=True)
    failure = models.CharField("failure class", max_length=40, blank=True)
    fault = models.CharField(max_length=12, blank=True)
    reason = models.TextField(blank=True)
    next_step = models.TextField(blank=True)
    try_out_log = models.TextField(blank=True)
    try_out = models.JSONField(default=list, blank=True, help_text="What came out of each public sample case.")
    checks = models.JSONField(default=list, blank=True)
    scan_report = models.TextField(blank=True, help_text="What a scanner said of the image's packages; for organisers.")

    attempt = models.PositiveIntegerField(default=0)
    ring_at = models.DateTimeField(default=next_ring)  # when to ring if nobody came
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    lease_token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=200, blank=True)
    heartbeat = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created",)
        indexes = (models.Index(fields=("state", "state_since"), name="submission_queue"),)
        constraints = (
            models.UniqueConstraint(
                fields=("team", "benchmark", "model"),
                condition=~Q(state__in=("refused", "withdrawn")),
                name="submission_name_once_a_team",
                violation_error_message="Your team already has a submission of this name on this benchmark.",
            ),
            models.UniqueConstraint(
                fields=("follows",),
                condition=~Q(state__in=("refused", "withdrawn")),
                name="submission_followed_once",
                violation_error_message="Another submission is the next version of that one.",
            ),
            models.CheckConstraint(condition=~Q(follows=F("id")), name="submission_follows_another"),
            models.CheckConstraint(
                condition=Q(threshold__gte=0) & Q(threshold__lte=1), name="submission_threshold_0_1"
            ),
            models.CheckConstraint(
                condition=Q(declared_prevalence__isnull=True)
                | (Q(declared_prevalence__gt=0) & Q(declared_prevalence__lt=1)),
                name="submission_prevalence_0_1",
                violation_error_message="A prevalence lies strictly between 0 and 1.",
            ),
            models.CheckConstraint(
                condition=Q(terms__isnull=True, agreed_by__isnull=True, agreed_at__isnull=True)
                | Q(terms__isnull=False, agreed_by__isnull=False, agreed_at__isnull=False),
                name="submission_consent_is_whole",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | (~Q(image="") & Q(accepted_at__isnull=False)),
                name="submission_accepted_has_image",
            ),
        )

    def __str__(self) -> str:
        return f"{self.model} by {self.team}"

    @property
    def archive_path(self) -> Path:
        folder: Path = settings.DATA
        return folder / "archives" / f"{self.pk}.tar"

    @property
    def weights_path(self) -> Path:
        return self.archive_path.with_suffix(".weights")

    @property
    def stored_sha256(self) -> str:
        """Of the file in `archive_path`; empty while weights are still to be joined to it."""
        return self.joined_sha256 if self.weights_sha256 else self.archive_sha256

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def waits(self) -> bool:
        """In line, with nobody working on it."""
        return self.is_open and self.lease_token is None


class Statement(models.Model):
    """What a team says of its model for the reporting guidelines, by topic. A new text is a new version; none is lost.

    An empty text takes the one before it back.
    """

    submission = models.ForeignKey(Submission, on_delete=models.CASCADE, related_name="statements")
    topic = models.CharField(max_length=40, help_text="A key of `guidelines.TEAM`.")
    version = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    text = models.TextField(blank=True, validators=[MaxLengthValidator(LONGEST_STATEMENT)])
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("submission", "topic", "-version")
        constraints = (
            models.UniqueConstraint(fields=("submission", "topic", "version"), name="statement_version_once"),
        )

    def __str__(self) -> str:
        return f"{self.topic} of {self.submission_id}, version {self.version}"

    @property
    def title(self) -> str:
        return TEAM[self.topic].title if self.topic in TEAM else self.topic

    def clean(self) -> None:
        if self.topic not in TEAM:
            raise ValidationError({"topic": "No guideline asks a team for this."})
