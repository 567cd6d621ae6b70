"""Who did and saw what, in a chain: each record holds the digest of the one before; none can be changed unseen."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models

from leaderboard.lib.files import json_digest

BEGINNING = "0" * 64


class Appended(models.QuerySet["Record"]):
    """Rows are added one by one and stay."""

    def update(self, **_: Any) -> NoReturn:
        raise TypeError("The audit log is append-only.")

    def delete(self) -> NoReturn:
        raise TypeError("The audit log is append-only.")


class Record(models.Model):
    """One act, or one look at what is not public (``seen``).

    People are numbers here: an account can be deleted, and the log stays whole.
    """

    number = models.PositiveBigIntegerField(unique=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=40, help_text="“user 12”, or “platform”.")
    act = models.CharField(max_length=60)
    about = models.CharField(max_length=200)
    details = models.JSONField(default=dict, blank=True)
    previous = models.CharField(max_length=64)
    sha256 = models.CharField(max_length=64, unique=True)

    objects = Appended.as_manager()

    class Meta:
        ordering = ("number",)
        indexes = (models.Index(fields=("about", "number"), name="audit_about"),)

    def __str__(self) -> str:
        return f"{self.number}: {self.actor} {self.act} {self.about}"

    def digest(self) -> str:
        """Of everything in it and, through ``previous``, of all records before."""
        return json_digest(
            {
                "number": self.number,
                "at": self.at.isoformat(),
                "actor": self.actor,
                "act": self.act,
                "about": self.about,
                "details": self.details,
                "previous": self.previous,
            }
        )


class Chain(models.Model):
    """The end of the chain, and the lock of who adds to it: a log that was cut short does not end here."""

    length = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default=BEGINNING)

    def __str__(self) -> str:
        return f"{self.length} records up to {self.head}"
