"""A call for letters of intent, and who sits on its panel."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from leaderboard.accounts.models import Team
from leaderboard.awards.models.finalists import Criterion
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Hospital

REVIEWS_NEEDED = 2


class Region(models.TextChoices):
    AFRICA = "africa", "Africa"
    ASIA = "asia", "Asia"
    EUROPE = "europe", "Europe"
    NORTH_AMERICA = "north-america", "North America"
    SOUTH_AMERICA = "south-america", "Central and South America"
    OCEANIA = "oceania", "Oceania"


class Kind(models.TextChoices):
    UNIVERSITY = "university", "university"
    HOSPITAL = "hospital", "hospital"
    INSTITUTE = "institute", "public research institute"
    NON_PROFIT = "non-profit", "non-profit organisation"
    COMPANY = "company", "company"


class State(models.TextChoices):
    DRAFT = "draft", "draft"
    ANNOUNCED = "announced", "announced"
    OPEN = "open", "open for letters"
    REVIEW = "review", "in review"
    DISCUSSION = "discussion", "in discussion"
    DECIDED = "decided", "decided"


def check_words(value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise ValidationError("Give a list of names.")


class Call(models.Model):
    """Its state follows from dates and acts, and is stored nowhere. Empty eligibility lists mean: all.

    What the sponsor has a part in counts for nothing: letters of ``sponsor_team`` and of models that were trained at
    ``sponsor_hospitals`` are recused, and patients of those hospitals are in no verdict of the call.
    """

    slug = models.SlugField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    sponsor = models.CharField(max_length=120, help_text="Who gives the money.")
    purpose = models.TextField(help_text="What the award is for, in words that a patient’s family understands.")
    amount = models.PositiveIntegerField("amount, at most", validators=[MinValueValidator(1)])
    currency = models.CharField(max_length=3, default="USD", choices=[(one, one) for one in ("USD", "EUR", "GBP")])
    months = models.PositiveSmallIntegerField(
        default=12, validators=[MinValueValidator(1), MaxValueValidator(120)], help_text="Over which it is paid."
    )
    awards = models.PositiveSmallIntegerField(
        "number of awards", default=1, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    benchmarks = models.ManyToManyField(Benchmark, related_name="award_calls")
    criteria = models.ManyToManyField(Criterion, related_name="award_calls", blank=True)
    organs = models.JSONField(default=list, blank=True, validators=[check_words])
    regions = models.JSONField(default=list, blank=True, validators=[check_words])
    countries = models.JSONField(default=list, blank=True, validators=[check_words])
    kinds = models.JSONField("kinds of organisation", default=list, blank=True, validators=[check_words])
    conditions = models.TextField("further conditions", blank=True)
    rubric = models.TextField(help_text="What reviewers are asked to weigh, and how.")
    opens = models.DateTimeField("letters from")
    closes = models.DateTimeField("letters until")
    reviews_due = models.DateTimeField("reviews until")
    sponsor_team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="sponsored_calls"
    )
    sponsor_hospitals = models.ManyToManyField(Hospital, related_name="sponsored_calls", blank=True)
    created = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    published_at = models.DateTimeField(null=True, blank=True)
    discussed_at = models.DateTimeField(null=True, blank=True, help_text="When the discussion was opened.")

    class Meta:
        ordering = ("-closes", "title")
        constraints = (
            models.CheckConstraint(
                condition=Q(opens__lt=F("closes")) & Q(closes__lt=F("reviews_due")),
                name="call_dates_in_order",
                violation_error_message="Letters open before they close, and reviews are due after that.",
            ),
            models.CheckConstraint(
                condition=Q(discussed_at__isnull=True) | Q(published_at__isnull=False), name="call_discussed_published"
            ),
        )

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        """Letters may come."""
        return self.published_at is not None and self.opens <= timezone.now() < self.closes

    @property
    def is_closed(self) -> bool:
        """No letter comes any more: what came may be seen by its panel."""
        return self.published_at is not None and self.closes <= timezone.now()

    def state_at(self, moment: datetime, *, undecided: bool) -> State:
        """``undecided``: whether a letter waits for its decision."""
        if self.published_at is None:
            return State.DRAFT
        if moment < self.opens:
            return State.ANNOUNCED
        if moment < self.closes:
            return State.OPEN
        if not undecided:
            return State.DECIDED
        return State.REVIEW if self.discussed_at is None else State.DISCUSSION

    @property
    def region_names(self) -> list[str]:
        return [str(one.label) for one in Region if one in self.regions]

    @property
    def kind_names(self) -> list[str]:
        return [str(one.label) for one in Kind if one in self.kinds]


class Seat(models.Model):
    """Somebody on a call's panel. Who ``decides`` speaks for the funder; organisers may decide, too."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="seats")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="seats")
    decides = models.BooleanField(default=False)
    added = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("added", "pk")
        constraints = (models.UniqueConstraint(fields=("call", "user"), name="seat_once"),)

    def __str__(self) -> str:
        return f"{self.user} on the panel of {self.call}"
