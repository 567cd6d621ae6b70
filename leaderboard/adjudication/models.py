"""Suspected missed lesions: where leading models agree and the reference standard has nothing, and what readers say."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Case


class Search(models.Model):
    """The leading submissions of a ranking, to be looked through once for what they agree on.

    A row without ``done_at`` waits. Who looks at it moves ``ring_at`` on; to search twice finds the same.
    """

    benchmark = models.ForeignKey(Benchmark, on_delete=models.CASCADE, related_name="searches")
    ranking = models.PositiveIntegerField(help_text="Number of the ranking whose leaders these are.")
    evaluations = models.JSONField(help_text="Keys of the leading evaluations, the best of each team first.")
    created = models.DateTimeField(default=timezone.now)
    ring_at = models.DateTimeField(default=timezone.now)
    attempt = models.PositiveIntegerField(default=0)
    reason = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    found = models.PositiveIntegerField(default=0, help_text="Places that were not known before.")

    class Meta:
        ordering = ("benchmark", "-ranking")
        verbose_name_plural = "searches"
        constraints = (models.UniqueConstraint(fields=("benchmark", "ranking"), name="search_once_a_ranking"),)

    def __str__(self) -> str:
        return f"search after {self.benchmark} ranking {self.ranking}"


class Suspect(models.Model):
    """A place in one case of a frozen cohort. Its cohort never changes; what is accepted goes into the next version."""

    class State(models.TextChoices):
        """Follows from the decisions that stand."""

        OPEN = "open", "not looked at"
        ACCEPTED = "accepted", "accepted"
        REJECTED = "rejected", "rejected"
        EDIT = "needs-edit", "needs edit"
        DISPUTED = "disputed", "disputed"

    TAKEN: ClassVar[tuple[str, ...]] = (State.ACCEPTED, State.EDIT)  # into the next version

    benchmark = models.ForeignKey(Benchmark, on_delete=models.PROTECT, related_name="suspects")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="suspects")
    ranking = models.PositiveIntegerField(help_text="Number of the ranking after which it was found.")
    rule = models.CharField(max_length=40, help_text="`evaluator.statistics.suspects.RULE`.")
    centre_mm = models.JSONField(help_text="x, y, z in RAS millimetres of the scan.")
    volume_ml = models.FloatField()
    teams = models.PositiveIntegerField(help_text="That marked it.")
    leaders = models.PositiveIntegerField(help_text="That could have.")
    marks = models.JSONField(help_text="Evaluation, finding, confidence and centre of each; hidden until one decides.")
    state = models.CharField(max_length=12, choices=State, default=State.OPEN)
    created = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-teams", "pk")
        indexes = (models.Index(fields=("state", "case"), name="suspect_state"),)
        constraints = (models.CheckConstraint(condition=Q(volume_ml__gt=0), name="suspect_has_a_size"),)

    def __str__(self) -> str:
        return f"suspect {self.pk}"

    @property
    def diameter_mm(self) -> float:
        """Of a ball of its volume."""
        return float(2 * (3000 * self.volume_ml / (4 * math.pi)) ** (1 / 3))

    @property
    def evaluations(self) -> list[int]:
        return [mark["evaluation"] for mark in self.marks]


class Showing(models.Model):
    """A suspect that somebody has before them, since when: the seconds of the decision are counted here."""

    suspect = models.ForeignKey(Suspect, on_delete=models.CASCADE, related_name="showings")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    shown_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("suspect", "by"), name="showing_once"),)

    def __str__(self) -> str:
        return f"suspect {self.suspect_id} before user {self.by_id}"


class Decision(models.Model):
    """What one reader said. One that is undone stays, and counts no more."""

    class Verdict(models.TextChoices):
        ACCEPT = "accept", "accept"
        REJECT = "reject", "reject"
        EDIT = "edit", "needs edit"

    suspect = models.ForeignKey(Suspect, on_delete=models.PROTECT, related_name="decisions")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict)
    reason = models.TextField(blank=True, max_length=1000)
    seconds = models.FloatField(help_text="From when it was shown; no more than `services.LONGEST`.")
    capped = models.BooleanField(default=False, help_text="It was before the reader for longer: perhaps nobody was.")
    at = models.DateTimeField(default=timezone.now)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=("suspect", "by"), condition=Q(undone_at__isnull=True), name="decision_stands_once_a_reader"
            ),
            models.CheckConstraint(condition=Q(seconds__gte=0), name="decision_takes_time"),
        )

    def __str__(self) -> str:
        return f"{self.get_verdict_display()} of suspect {self.suspect_id}"


def state_of(verdicts: set[str]) -> Any:
    """Of a suspect, from the verdicts that stand."""
    if len(verdicts) > 1:
        return Suspect.State.DISPUTED
    named = {
        Decision.Verdict.ACCEPT: Suspect.State.ACCEPTED,
        Decision.Verdict.REJECT: Suspect.State.REJECTED,
        Decision.Verdict.EDIT: Suspect.State.EDIT,
    }
    return named[Decision.Verdict(next(iter(verdicts)))] if verdicts else Suspect.State.OPEN
