"""A team's letter of intent with all its versions, and who declared what about its team."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leaderboard.accounts.models import Team
from leaderboard.awards.models.calls import Call, Kind, Region
from leaderboard.submissions.models import Submission


class Letter(models.Model):
    """One a team and call. What the team says of itself is its own word; organisers look at it."""

    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="letters")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="letters")
    submissions = models.ManyToManyField(Submission, related_name="letters", blank=True)
    organisation = models.CharField(max_length=200)
    kind = models.CharField("kind of organisation", max_length=20, choices=Kind)
    country = models.CharField(max_length=60)
    region = models.CharField(max_length=20, choices=Region)
    created = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("created", "pk")
        constraints = (models.UniqueConstraint(fields=("call", "team"), name="letter_one_a_team"),)

    def __str__(self) -> str:
        return f"letter of {self.team}, {self.call}"


class LetterVersion(models.Model):
    """A file as it was handed in. The newest counts; the others stay."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=200, help_text="As the file was called on its sender's machine.")
    size = models.PositiveIntegerField()
    pages = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    received = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ("letter", "-number")
        constraints = (models.UniqueConstraint(fields=("letter", "number"), name="letter_version_once"),)

    def __str__(self) -> str:
        return f"version {self.number} of {self.letter}"


class LetterFile(models.Model):
    """The bytes, in the database: written with what says that they came, and in its backup. Read by a download only."""

    version = models.OneToOneField(LetterVersion, on_delete=models.CASCADE, related_name="file")
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"file of {self.version}"


class Declaration(models.Model):
    """What somebody said of conflicts of interest with a letter's team, before seeing anything of it."""

    letter = models.ForeignKey(Letter, on_delete=models.PROTECT, related_name="declarations")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="declarations")
    conflict = models.BooleanField()
    reason = models.TextField(blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("at",)
        constraints = (
            models.UniqueConstraint(fields=("letter", "user"), name="declaration_once"),
            models.CheckConstraint(condition=Q(conflict=False) | ~Q(reason=""), name="declaration_says_why"),
        )

    def __str__(self) -> str:
        return f"{self.user}: {'a conflict' if self.conflict else 'no conflict'} with {self.letter.team}"
