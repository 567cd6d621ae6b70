"""Announcements: written by organisers, told to everybody who has an account, some of them to everybody."""

from __future__ import annotations

import logging

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.lib.errors import Refusal
from leaderboard.notices.models import Announcement, Notice
from leaderboard.notices.services import notice_add

logger = logging.getLogger(__name__)


@transaction.atomic
def announcement_publish(*, announcement: Announcement, by: User) -> Announcement:
    """Tell everybody at once; who wants no e-mail gets none whatever was ticked."""
    announcement.by, announcement.at = by, timezone.now()
    announcement.full_clean()
    announcement.save(force_insert=True)
    notice_add(
        to=User.objects.filter(is_active=True),
        text=f"Announcement: {announcement.title}",
        link=place_of(announcement),
        mail=announcement.by_mail,
    )
    logger.info("announcement %s published by user %s", announcement.pk, by.pk)
    told = {"title": announcement.title, "public": announcement.public, "by_mail": announcement.by_mail}
    record("announcement.published", f"announcement {announcement.pk}", by=by.pk, **told)
    return announcement


def place_of(announcement: Announcement) -> str:
    return f"{reverse('notices:announcements')}#announcement-{announcement.pk}"


@transaction.atomic
def announcement_take_back(*, announcement: Announcement, by: User) -> None:
    """It is shown no more, nor the notice of it, and e-mail that waits is not sent. What was sent cannot be taken back.

    Raises
    ------
    Refusal
        It is taken back already.
    """
    shown = Announcement.objects.filter(pk=announcement.pk, taken_back_at__isnull=True)
    if not shown.update(taken_back_at=timezone.now()):
        raise Refusal(f"“{announcement.title}” is taken back already.")
    Notice.objects.filter(link=place_of(announcement)).delete()
    logger.info("announcement %s taken back by user %s", announcement.pk, by.pk)
    record("announcement.taken-back", f"announcement {announcement.pk}", by=by.pk)
