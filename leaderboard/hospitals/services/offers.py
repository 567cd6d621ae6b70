"""Cohorts that lie at a hospital with a machine of its own: it tells of them, organisers take them in."""

from __future__ import annotations

import logging

import msgspec
from django.db import transaction

from evaluator.learnt import learn
from evaluator.records import CaseRecord
from evaluator.results import to_builtins
from evaluator.wire import CohortOffer as Offered
from leaderboard.accounts.models import User
from leaderboard.hospitals.models import Cohort, CohortOffer, Enrolment
from leaderboard.hospitals.services.alerts import alert_raise
from leaderboard.hospitals.services.cohorts import freeze
from leaderboard.lib.errors import Refusal

learn(list[CaseRecord])


logger = logging.getLogger(__name__)


@transaction.atomic
def offer_keep(*, enrolment: Enrolment, offered: Offered) -> bool:
    """What is known already is not kept again. False: the list cannot be a cohort's."""
    hospital = enrolment.hospital
    names = {record.case for record in offered.cases}
    if not offered.cases or len(names) < len(offered.cases):
        alert_raise(
            hospital=hospital, kind="refused", about="cohort", said="It offers a cohort of twice the same case."
        )
        return False
    _, new = CohortOffer.objects.get_or_create(
        hospital=hospital,
        fingerprint=offered.fingerprint,
        defaults={
            "name": offered.name,
            "version": offered.version,
            "records": to_builtins(offered.cases),
            "counts": offered.counts,
        },
    )
    if new:
        logger.info("hospital %s offers cohort %s: %d cases", hospital.slug, offered.name, len(names))
    return True


@transaction.atomic
def offer_accept(*, offer: CohortOffer, by: User | None, purpose: str = Cohort.Purpose.HELD_OUT) -> Cohort:
    """Freeze a cohort as its hospital told of it; again, it is the same cohort.

    Raises
    ------
    Refusal
        Its name and version are taken by other contents.
    """
    known = Cohort.objects.filter(hospital=offer.hospital, fingerprint=offer.fingerprint).first()
    if known is not None:
        return known
    if purpose == Cohort.Purpose.SAMPLE:
        raise Refusal(
            "Public sample cases lie on the platform.",
            why="Every submission is tried out on them there.",
            next_step="Import their folder with `manage.py import_cohort --sample`.",
        )
    cohort = Cohort(
        hospital=offer.hospital,
        name=offer.name,
        version=offer.version,
        fingerprint=offer.fingerprint,
        purpose=purpose,
        counts=offer.counts,
    )
    freeze(cohort, msgspec.convert(offer.records, list[CaseRecord]), by=by)
    logger.info("cohort %s of hospital %s taken in by user %s", cohort.pk, offer.hospital.slug, by and by.pk)
    return cohort
