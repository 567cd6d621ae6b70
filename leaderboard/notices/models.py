"""Notice: one sentence to one person, in the site and, if wanted, by e-mail."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Notice(models.Model):
    """A row is also its place in the post: without ``mailed_at`` it waits to be sent, from ``mail_at`` on."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    text = models.CharField(max_length=300)
    link = models.CharField(max_length=200, blank=True, help_text="A page of this site.")
    created = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True, blank=True)
    mail_at = models.DateTimeField(null=True, blank=True, help_text="Not before; empty for none, and once it is sent.")
    mail_tries = models.PositiveSmallIntegerField(default=0)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created", "-pk")
        indexes = (
            models.Index(fields=("user", "read_at"), name="notice_unread"),
            models.Index(fields=("mail_at",), condition=Q(mail_at__isnull=False), name="notice_to_mail"),
        )

    def __str__(self) -> str:
        return self.text


class Choice(models.Model):
    """What a person chose about notices; without a row, e-mail is sent."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notice_choice")
    by_mail = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.user}: {'by e-mail too' if self.by_mail else 'in the site only'}"


class Announcement(models.Model):
    """What organisers tell everybody who has an account and, if it is public, everybody. One that was wrong is taken
    back: it is shown no more, and the log keeps that it was.
    """

    title = models.CharField(max_length=120)
    text = models.TextField(max_length=5000)
    public = models.BooleanField(default=False, help_text="Also on the home page, for everybody.")
    by_mail = models.BooleanField("by e-mail", default=False, help_text="To those who get notices by e-mail.")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    taken_back_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at", "-pk")

    def __str__(self) -> str:
        return self.title
