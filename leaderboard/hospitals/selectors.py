"""Hospitals as pages show them: counts only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.http import Http404

from leaderboard.accounts.selectors import Person, is_organiser
from leaderboard.hospitals.models import Case, Cohort, Hospital, OverlapCheck, Stewardship


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
