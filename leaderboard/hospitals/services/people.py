"""A hospital's own facts, and who looks after its data."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.db import transaction

from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.hospitals.models import Hospital, Stewardship
from leaderboard.hospitals.selectors import is_steward
from leaderboard.hospitals.signals import hospital_switched
from leaderboard.lib.errors import Refusal
from leaderboard.notices.services import notice_add

logger = logging.getLogger(__name__)


@transaction.atomic
def hospital_save(*, hospital: Hospital, stewards: Sequence[User], by: User) -> Hospital:
    """A new hospital, or changed facts of one; its data stewards are these people from now on, who are told."""
    made = hospital._state.adding
    hospital.full_clean()
    hospital.save()
    before = set(hospital.stewards.values_list("pk", flat=True))
    Stewardship.objects.filter(hospital=hospital).exclude(user__in=stewards).delete()
    joined = [person for person in stewards if person.pk not in before]
    Stewardship.objects.bulk_create(Stewardship(user=person, hospital=hospital) for person in joined)
    notice_add(
        to=joined, text=f"You are a data steward of {hospital}: its desk shows what runs there and what it sent."
    )
    logger.info("hospital %s %s by user %s", hospital.slug, "made" if made else "changed", by.pk)
    record(
        "hospital.made" if made else "hospital.changed",
        f"hospital {hospital.slug}",
        by=by.pk,
        name=hospital.name,
        country=hospital.country,
        stewards=sorted(person.pk for person in stewards),
    )
    return hospital


@transaction.atomic
def hospital_set_approves(*, hospital: Hospital, approves: bool, by: User) -> Hospital:
    """Whether every submission waits for a data steward's approval before it runs there.

    Raises
    ------
    Refusal
        The person is none: nobody decides this for a hospital.
    """
    if not is_steward(by, hospital):
        raise Refusal(
            f"You are no data steward of {hospital}.",
            why="Whether it approves submissions is the hospital's to decide.",
            next_step="Ask one of its data stewards.",
        )
    if Hospital.objects.filter(pk=hospital.pk).exclude(approves=approves).update(approves=approves):
        hospital_switched.send(sender=Hospital, hospital_id=hospital.pk, active=hospital.active)
        logger.info("hospital %s approves: %s, by user %s", hospital.slug, approves, by.pk)
        record("hospital.approves", f"hospital {hospital.slug}", by=by.pk, approves=approves)
    hospital.refresh_from_db()
    return hospital
