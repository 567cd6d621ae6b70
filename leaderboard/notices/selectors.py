"""What a person has been told."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from leaderboard.accounts.selectors import Person
from leaderboard.notices.models import Announcement, Choice, Notice

LATEST = 200
NEWS, FRESH = 3, timedelta(days=90)  # on the home page


def notices_of(user: Person) -> QuerySet[Notice]:
    return Notice.objects.filter(user=user.pk)[:LATEST]


def unread(user: Person) -> int:
    return Notice.objects.filter(user=user.pk, read_at__isnull=True).count() if user.is_authenticated else 0


def by_mail(user: Person) -> bool:
    return not Choice.objects.filter(user=user.pk, by_mail=False).exists()


def announcements_for(user: Person) -> QuerySet[Announcement]:
    """All of them for who has an account, the public ones for everybody else."""
    rows = Announcement.objects.filter(taken_back_at__isnull=True)
    return rows if user.is_authenticated else rows.filter(public=True)


def news() -> list[Announcement]:
    """The newest public announcements, while they are new."""
    since = timezone.now() - FRESH
    return list(Announcement.objects.filter(public=True, taken_back_at__isnull=True, at__gte=since)[:NEWS])
