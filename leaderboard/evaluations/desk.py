"""What a hospital's desk shows: what ran there, what came from there, what waits for a word of its data stewards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Count, Max, Q, QuerySet
from django.http import Http404
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import Person, is_organiser
from leaderboard.evaluations.models import CohortResult, Permission, Received, Run
from leaderboard.evaluations.selectors import runs_at
from leaderboard.hospitals.models import Alert, Cohort, CohortCheck, Hospital
from leaderboard.hospitals.selectors import get_hospital_for
from leaderboard.submissions.models import Submission

LATEST = 200


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A submission that is to run here, and what was said of it."""

    submission: Submission
    permission: Permission | None
    runs: list[Run]


@dataclass(frozen=True, kw_only=True)
class CohortLine:
    """A cohort with when its files were last found to be those that were frozen, and by whom."""

    cohort: Cohort
    check: CohortCheck | None
    held: bool | None  # whether its hospital's machine says that it holds it; None where the platform reads the folder


@dataclass(frozen=True, kw_only=True)
class Desk:
    hospital: Hospital
    silent: bool
    asked: list[Asked]  # in line or under way, and not decided where the hospital approves each
    decided: list[Permission]
    runs: list[Run]
    more_runs: int
    received: list[Received]
    more_received: int
    results: list[CohortResult]
    cohorts: list[CohortLine]
    alerts: list[Alert]


def desk_of(hospital: Hospital) -> Desk:
    runs, received = runs_at(hospital.pk), messages_of(hospital)
    return Desk(
        hospital=hospital,
        silent=is_silent(hospital),
        asked=asked_at(hospital),
        decided=list(hospital.permissions.select_related("submission__team", "by")[:LATEST]),
        runs=list(runs.select_related("evaluation__submission__benchmark")[:LATEST]),
        more_runs=max(runs.count() - LATEST, 0),
        received=list(received[:LATEST]),
        more_received=max(received.count() - LATEST, 0),
        results=list(results_at(hospital)[:LATEST]),
        cohorts=cohort_lines(hospital),
        alerts=list(hospital.alerts.select_related("acknowledged_by")[:20]),
    )


def is_silent(hospital: Hospital) -> bool:
    """A machine of its own that was not heard of for as long as an order is held."""
    if not hospital.is_remote:
        return False
    oldest = timezone.now() - timedelta(seconds=settings.HOSPITAL_LEASE_SECONDS)
    return hospital.enrolment.last_seen is None or hospital.enrolment.last_seen < oldest


def asked_at(hospital: Hospital) -> list[Asked]:
    """Open runs by submission, the longest waiting first."""
    runs = Run.objects.filter(hospital=hospital, state__in=Run.OPEN).order_by("created", "pk")
    said = {one.submission_id: one for one in hospital.permissions.all()}
    found: dict[object, Asked] = {}
    for run in runs.select_related("cohort", "evaluation__submission__team", "evaluation__submission__benchmark"):
        submission = run.evaluation.submission
        known = found.setdefault(
            submission.pk, Asked(submission=submission, permission=said.get(submission.pk), runs=[])
        )
        known.runs.append(run)
    return list(found.values())


def messages_of(hospital: Hospital) -> QuerySet[Received]:
    rows = Received.objects.filter(hospital=hospital).select_related("run__evaluation__submission")
    return rows.defer("text")


def results_at(hospital: Hospital) -> QuerySet[CohortResult]:
    rows = CohortResult.objects.filter(run__hospital=hospital).defer("audit").order_by("-received")
    return rows.select_related("run__cohort", "run__evaluation__submission__team")


def cohort_lines(hospital: Hospital) -> list[CohortLine]:
    """Counted in three queries, however many there are."""
    checks = CohortCheck.objects.filter(hospital=hospital, cohort__isnull=False, finished__isnull=False)
    last = checks.order_by().values("cohort").annotate(newest=Max("pk")).values("newest")
    by_cohort = {row.cohort_id: row for row in CohortCheck.objects.filter(pk__in=last).defer("faults", "warnings")}
    held = set(hospital.enrolment.presence.get("cohorts", [])) if hospital.is_remote else None
    cohorts = hospital.cohorts.annotate(patients=Count("cases", filter=Q(cases__index_scan=True)), scans=Count("cases"))
    return [
        CohortLine(
            cohort=cohort,
            check=by_cohort.get(cohort.pk),
            held=None if held is None or cohort.folder else cohort.fingerprint in held,
        )
        for cohort in cohorts
    ]


def get_message_for(user: Person, slug: str, pk: int) -> Received:
    """A message whose text was kept, for the hospital's data stewards and organisers."""
    hospital = get_hospital_for(user, slug)
    rows = Received.objects.filter(hospital=hospital, pk=pk)
    if isinstance(user, User) and not is_organiser(user):
        # Who is in a team learns of its own runs what the team is told.
        rows = rows.exclude(run__evaluation__submission__team__members=user)
    row = rows.first()
    if row is None or not row.is_kept:
        raise Http404("No such message.")
    return row
