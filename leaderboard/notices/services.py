"""Telling people something, sending it by e-mail, and what they have read."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.notices.models import Choice, Notice

logger = logging.getLogger(__name__)

TOGETHER = timedelta(minutes=1)  # news of a minute go in one message
CLAIM = timedelta(minutes=5)  # who sends has so long
TRIES = 8
LATER = timedelta(minutes=10)  # doubled with every try that fails
SUBJECT = "Cancer Imaging Leaderboard"


@transaction.atomic
def notice_add(*, to: Iterable[User], text: str, link: str = "", mail: bool = True) -> None:
    """Tell each of them once, in the transaction of what it is about. Who left is told nothing."""
    people = {user.pk: user for user in to if user.is_active}
    silent = set(Choice.objects.filter(user__in=people, by_mail=False).values_list("user_id", flat=True))
    mail_at = timezone.now() + TOGETHER
    notices = [
        Notice(user=user, text=text[:300], link=link, mail_at=None if pk in silent or not mail else mail_at)
        for pk, user in people.items()
    ]
    Notice.objects.bulk_create(notices)


def notices_send() -> int:
    """Send what is due, one message a person; the number of messages. What cannot be sent is tried again, later."""
    sent = 0
    for notices in _claimed():
        try:
            _message(notices).send()
        except (SMTPException, OSError) as error:
            logger.warning("mail to user %s not sent, tried again: %s", notices[0].user_id, error)
            _again(notices)
        else:
            Notice.objects.filter(pk__in=[one.pk for one in notices]).update(mailed_at=timezone.now(), mail_at=None)
            sent += 1
    return sent


@transaction.atomic
def _claimed() -> list[list[Notice]]:
    """By person. Their time to be sent is put off, so that nobody else sends them meanwhile."""
    now = timezone.now()
    due = Notice.objects.filter(mail_at__lte=now).select_for_update(
        of=("self",), skip_locked=connection.features.has_select_for_update_skip_locked
    )
    by_person: dict[int, list[Notice]] = defaultdict(list)
    for notice in due.select_related("user").order_by("created", "pk"):
        by_person[notice.user_id].append(notice)
    claimed = [notice.pk for notices in by_person.values() for notice in notices]
    Notice.objects.filter(pk__in=claimed).update(mail_at=now + CLAIM)
    return list(by_person.values())


def _message(notices: Sequence[Notice]) -> EmailMessage:
    # A line of a header: what a team called its model may hold the end of one.
    subject = " ".join(notices[0].text.split()) if len(notices) == 1 else f"{len(notices)} notices"
    text = render_to_string("notices/mail.txt", {"notices": notices, "site": settings.SITE_URL})
    return EmailMessage(f"{SUBJECT}: {subject}"[:200], text, to=[notices[0].user.email])


def _again(notices: Sequence[Notice]) -> None:
    for notice in notices:
        notice.mail_tries += 1
        given_up = notice.mail_tries >= TRIES
        notice.mail_at = None if given_up else timezone.now() + LATER * 2 ** (notice.mail_tries - 1)
        notice.save(update_fields=["mail_tries", "mail_at"])
        if given_up:
            logger.error("mail of notice %s given up after %d tries", notice.pk, TRIES)


def notices_read(*, user: User) -> None:
    Notice.objects.filter(user=user, read_at__isnull=True).update(read_at=timezone.now())


def by_mail_set(*, user: User, wanted: bool) -> None:
    """From now on; what waits to be sent is not sent either."""
    Choice.objects.update_or_create(user=user, defaults={"by_mail": wanted})
    if not wanted:
        Notice.objects.filter(user=user, mail_at__isnull=False).update(mail_at=None)
