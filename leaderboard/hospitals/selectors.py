"""Hospitals as pages show them: counts only."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from leaderboard.accounts.selectors import Person, is_organiser
from leaderboard.hospitals.models import (
    Alert,
    Case,
    Cohort,
    CohortCheck,
    CohortOffer,
    Enrolment,
    Hospital,
    OverlapCheck,
    Stewardship,
)


@dataclass(frozen=True, kw_only=True)
class HospitalSummary:
    """A hospital with what its held-out cohorts hold. Patients are those with an index scan."""

    hospital: Hospital
    cohorts: list[Cohort]
    scans: int
    positive: int
    negative: int
    phases: dict[str, int]
    scanners: dict[str, int]


def is_steward(user: Person, hospital: Hospital) -> bool:
    return user.is_authenticated and Stewardship.objects.filter(user=user.pk, hospital=hospital).exists()


def get_hospital_for(user: Person, slug: str) -> Hospital:
    """The hospital's own desk: for its data stewards and organisers; for anybody else it does not exist."""
    hospital = Hospital.objects.filter(slug=slug).first()
    if hospital is None or not (is_steward(user, hospital) or is_organiser(user)):
        raise Http404("No such hospital.")
    return hospital


def hospitals_of(user: Person) -> QuerySet[Hospital]:
    return Hospital.objects.filter(stewards=user.pk) if user.is_authenticated else Hospital.objects.none()


def overlap_checks(hospital: Hospital) -> QuerySet[OverlapCheck]:
    """What was looked for in its cohorts, the newest first."""
    return OverlapCheck.objects.filter(cohort__hospital=hospital).select_related("cohort").order_by("-checked_at")


def attribute_counts(cases: QuerySet[Case], attribute: str) -> dict[str, int]:
    """Scans per value of an attribute; unknown is left out, it is no group."""
    rows = (
        cases.filter(**{f"attributes__{attribute}__isnull": False})
        .values_list(f"attributes__{attribute}")
        .annotate(scans=Count("pk"))
        .order_by(f"attributes__{attribute}")
    )
    return {str(value): scans for value, scans in rows if value is not None}


def summarise(hospital: Hospital) -> HospitalSummary:
    cohorts = list(hospital.cohorts.filter(purpose=Cohort.Purpose.HELD_OUT))
    cases = Case.objects.filter(cohort__in=cohorts)
    counts = cases.aggregate(
        scans=Count("pk"),
        positive=Count("pk", filter=Q(index_scan=True, cancer=True)),
        negative=Count("pk", filter=Q(index_scan=True, cancer=False)),
    )
    return HospitalSummary(
        hospital=hospital,
        cohorts=cohorts,
        scans=counts["scans"],
        positive=counts["positive"],
        negative=counts["negative"],
        phases=attribute_counts(cases, "phase"),
        scanners=attribute_counts(cases, "scanner"),
    )


def hospital_summaries() -> list[HospitalSummary]:
    """Every hospital that holds a held-out cohort, by name."""
    held_out = Hospital.objects.filter(cohorts__purpose=Cohort.Purpose.HELD_OUT).distinct()
    return [summarise(hospital) for hospital in held_out]


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A hospital's own machine as it last said of itself, and what it offers that is not taken in."""

    enrolment: Enrolment
    silent: bool
    offers: list[CohortOffer]


def machines(*, silent_after: timedelta) -> list[Machine]:
    """Those that are enrolled or were, in a fixed number of queries."""
    frozen = set(Cohort.objects.filter(hospital__enrolment__isnull=False).values_list("hospital", "fingerprint"))
    offers = defaultdict[int, list[CohortOffer]](list)
    for offer in CohortOffer.objects.defer("records"):
        if (offer.hospital_id, offer.fingerprint) not in frozen:
            offers[offer.hospital_id].append(offer)
    oldest = timezone.now() - silent_after
    return [
        Machine(
            enrolment=enrolment,
            silent=enrolment.last_seen is None or enrolment.last_seen < oldest,
            offers=offers[enrolment.hospital_id],
        )
        for enrolment in Enrolment.objects.select_related("hospital")
    ]


def open_alerts() -> QuerySet[Alert]:
    return Alert.objects.filter(acknowledged_at__isnull=True).select_related("hospital")


def get_check_for(user: Person, pk: int) -> CohortCheck:
    """For organisers and the hospital's data stewards; for anybody else it does not exist."""
    row = CohortCheck.objects.select_related("hospital", "cohort", "by").filter(pk=pk).first()
    if row is None or not (is_organiser(user) or is_steward(user, row.hospital)):
        raise Http404("No such check.")
    return row


def get_cohort_for(user: Person, pk: int) -> Cohort:
    """For organisers and the hospital's data stewards; for anybody else it does not exist."""
    cohort = Cohort.objects.select_related("hospital").filter(pk=pk).first()
    if cohort is None or not (is_organiser(user) or is_steward(user, cohort.hospital)):
        raise Http404("No such cohort.")
    return cohort


def importable_folders() -> list[str]:
    """Folders with a cohort's header at most two levels below where organisers may import from."""
    found = set()
    for root in settings.COHORT_ROOTS:
        for pattern in ("cohort.json", "*/cohort.json", "*/*/cohort.json"):
            with contextlib.suppress(OSError):
                found |= {str(path.parent) for path in root.glob(pattern)}
    return sorted(found)


def managed_hospitals() -> QuerySet[Hospital]:
    """Every hospital with its cohorts, people and machine, in a fixed number of queries."""
    cohorts = Cohort.objects.annotate(
        patients=Count("cases", filter=Q(cases__index_scan=True)), scans=Count("cases")
    ).order_by("name", "version")
    return Hospital.objects.select_related("enrolment").prefetch_related(
        Prefetch("cohorts", queryset=cohorts), "stewards"
    )


def latest_checks(hospital: Hospital) -> QuerySet[CohortCheck]:
    return hospital.cohort_checks.select_related("cohort", "by").defer("faults", "warnings")[:20]
