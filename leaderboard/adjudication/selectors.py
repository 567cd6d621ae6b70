"""The case gallery and the queue: for a hospital's data stewards and organisers, for anybody else they do not exist."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404

from evaluator.cohort.layout import ct_path, lesions_path
from evaluator.records import CaseResult, Finding
from evaluator.statistics.suspects import reported
from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import Person, is_organiser
from leaderboard.adjudication.models import Decision, Search, Suspect
from leaderboard.evaluations.models import CohortResult, Evaluation
from leaderboard.evaluations.selectors import read_results
from leaderboard.hospitals.models import Case, Cohort, Hospital
from leaderboard.hospitals.selectors import get_hospital_for, hospitals_of, is_steward
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission

PAGE = 100  # cases
LATEST = 50  # own decisions


@dataclass(frozen=True, kw_only=True)
class CohortLine:
    """A cohort in the gallery. ``open`` suspects are those that nobody has decided."""

    cohort: Cohort
    here: bool
    cases: int
    suspects: int
    open: int


@dataclass(frozen=True, kw_only=True)
class HospitalGallery:
    hospital: Hospital
    cohorts: list[CohortLine]

    @property
    def suspects(self) -> int:
        return sum(line.suspects for line in self.cohorts)


@dataclass(frozen=True, kw_only=True)
class Found:
    """A finding as the gallery lists it, numbered as it is drawn."""

    number: int
    finding: Finding
    above: bool  # the operating point

    @property
    def diameter_mm(self) -> float:
        """Of a ball of its volume."""
        return float(2 * (3000 * self.finding.volume_ml / (4 * math.pi)) ** (1 / 3))


@dataclass(frozen=True, kw_only=True)
class CasePicture:
    """What the gallery shows of a case beside its scan. ``result`` is the chosen model's."""

    case: Case
    scan: Path | None
    reference: Path | None
    evaluations: list[Evaluation]
    evaluation: Evaluation | None
    result: CaseResult | None
    found: list[Found]
    suspects: int  # how many, and nothing of what was said of them
    before: Case | None
    after: Case | None


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long decisions took: the median in seconds, of how many, and of how many the reader may have been away."""

    n: int
    capped: int
    median: float | None


@dataclass(frozen=True, kw_only=True)
class Judged:
    """A suspect that the reader has decided, with everybody's word and whose models they were. Of a decision, ``again``
    tells that its reader had decided before, and so knew the others' when deciding anew."""

    suspect: Suspect
    decisions: list[Decision]
    submissions: list[Submission]

    @property
    def disputed(self) -> bool:
        return self.suspect.state == Suspect.State.DISPUTED


@dataclass(frozen=True, kw_only=True)
class Queue:
    """A hospital's queue as one reader sees it."""

    hospital: Hospital
    suspect: Suspect | None
    waiting: int
    judged: list[Judged]
    pace: Pace
    search: Search | None


def require_reader(user: Person) -> User:
    """Organisers and the data stewards of any hospital."""
    if not isinstance(user, User) or not (is_organiser(user) or hospitals_of(user).exists()):
        raise PermissionDenied("The gallery is for organisers and data stewards.")
    return user


def get_cohort_for(user: Person, pk: int) -> Cohort:
    cohort = Cohort.objects.select_related("hospital__enrolment").filter(pk=pk).first()
    if cohort is None:
        raise Http404("No such cohort.")
    get_hospital_for(user, cohort.hospital.slug)
    return cohort


def get_case_for(user: Person, pk: int) -> Case:
    case = Case.objects.select_related("cohort__hospital__enrolment").filter(pk=pk).first()
    if case is None:
        raise Http404("No such case.")
    get_hospital_for(user, case.cohort.hospital.slug)
    return case


def get_suspect_for(user: Person, pk: int) -> Suspect:
    suspect = Suspect.objects.select_related("case__cohort__hospital__enrolment", "benchmark").filter(pk=pk).first()
    if suspect is None:
        raise Http404("No such suspect.")
    get_hospital_for(user, suspect.case.cohort.hospital.slug)
    return suspect


def may_decide(user: User, hospital: Hospital) -> bool:
    """Who can look: of scans that stay at their hospital that is the hospital itself, and nobody else."""
    return is_steward(user, hospital) or (is_organiser(user) and not hospital.is_remote)


def scan_of(case: Case) -> Path | None:
    """Where the scan lies on this machine: made of the frozen cohort's folder and a name that its check accepted."""
    return here(case.cohort, ct_path(case.cohort.path, case.case))


def reference_of(case: Case) -> Path | None:
    return here(case.cohort, lesions_path(case.cohort.path, case.case))


def here(cohort: Cohort, path: Path) -> Path | None:
    """The file, if the cohort lies on the platform's own machine, the file is there, and it is in the folder."""
    if not is_here(cohort) or not path.is_file():
        return None
    return path if path.resolve().is_relative_to(cohort.path.resolve()) else None


def is_here(cohort: Cohort) -> bool:
    return bool(cohort.folder) and not cohort.hospital.is_remote


def galleries(user: User) -> list[HospitalGallery]:
    """Hospitals by name, in a fixed number of queries."""
    cohorts = Cohort.objects.select_related("hospital__enrolment").annotate(
        case_count=Count("cases", distinct=True),
        suspect_count=Count("cases__suspects", distinct=True),
        open_count=Count("cases__suspects", filter=Q(cases__suspects__state=Suspect.State.OPEN), distinct=True),
    )
    if not is_organiser(user):
        cohorts = cohorts.filter(hospital__in=hospitals_of(user))
    lines: dict[Hospital, list[CohortLine]] = {}
    for cohort in cohorts.order_by("hospital__name", "name", "frozen_at"):
        lines.setdefault(cohort.hospital, []).append(
            CohortLine(
                cohort=cohort,
                here=is_here(cohort),
                cases=cohort.case_count,
                suspects=cohort.suspect_count,
                open=cohort.open_count,
            )
        )
    return [HospitalGallery(hospital=hospital, cohorts=found) for hospital, found in lines.items()]


def cases_of(cohort: Cohort) -> QuerySet[Case]:
    """By name, each with how many suspects it has."""
    return cohort.cases.annotate(suspect_count=Count("suspects")).order_by("case")


def versions_of(cohort: Cohort) -> QuerySet[Cohort]:
    """Of the same cohort, the newest first."""
    return Cohort.objects.filter(hospital=cohort.hospital, name=cohort.name).order_by("-frozen_at")


def taken(cohort: Cohort) -> QuerySet[Suspect]:
    """What the next version gets."""
    rows = Suspect.objects.filter(case__cohort=cohort, state__in=Suspect.TAKEN)
    return rows.select_related("case").order_by("case__case", "pk")


def may_see_taken(user: User, cohort: Cohort) -> bool:
    """Whoever still has to decide one of them would be led by seeing that others took it."""
    own = Decision.objects.filter(suspect=OuterRef("pk"), by=user, undone_at__isnull=True)
    return not may_decide(user, cohort.hospital) or not taken(cohort).filter(~Exists(own)).exists()


def evaluations_at(cohort: Cohort) -> list[Evaluation]:
    """Public submissions that are done there; under seal and of calibration none."""
    done = CohortResult.objects.filter(
        run__cohort=cohort, run__evaluation=OuterRef("pk"), run__calibrates=False, run__sealed=False
    )
    rows = Evaluation.objects.filter(
        Exists(done),
        state=Evaluation.State.DONE,
        operating_point__isnull=False,
        submission__public=True,
        submission__state=Submission.State.ACCEPTED,
    )
    return list(rows.select_related("submission__team").order_by("submission__model", "pk"))


def chosen(evaluations: Sequence[Evaluation], asked: str | None) -> Evaluation | None:
    """The evaluation of a submission's key, out of those that may be shown; the first where nothing is asked."""
    if asked is None:
        return next(iter(evaluations), None)
    try:
        key = UUID(asked)
    except ValueError:
        return None
    return next((evaluation for evaluation in evaluations if evaluation.submission_id == key), None)


def result_of(case: Case, evaluation: Evaluation) -> CaseResult | None:
    """Raises Refusal where the document is lost or altered."""
    row = CohortResult.objects.filter(run__evaluation=evaluation, run__cohort=case.cohort).first()
    parts = read_results(row).cohorts if row is not None else ()
    return next((one for part in parts for one in part.cases if one.case.case == case.case), None)


def found_in(result: CaseResult | None, evaluation: Evaluation | None) -> list[Found]:
    """The surest first."""
    if result is None or evaluation is None:
        return []
    above = {finding.id for finding in reported(result, threshold=evaluation.threshold)}
    ordered = sorted(result.findings, key=lambda finding: (-finding.confidence, finding.id))
    return [
        Found(number=number, finding=finding, above=finding.id in above)
        for number, finding in enumerate(ordered, start=1)
    ]


def picture(case: Case, *, asked: str | None) -> CasePicture:
    """The case with the findings of the model asked for: of the first for None, of none for what is no model."""
    evaluations = evaluations_at(case.cohort)
    evaluation = chosen(evaluations, asked)
    result = result_of(case, evaluation) if evaluation is not None else None
    names = case.cohort.cases.order_by("case")
    return CasePicture(
        case=case,
        scan=scan_of(case),
        reference=reference_of(case),
        evaluations=evaluations,
        evaluation=evaluation,
        result=result,
        found=found_in(result, evaluation),
        suspects=case.suspects.count(),
        before=names.filter(case__lt=case.case).last(),
        after=names.filter(case__gt=case.case).first(),
    )


def shown_findings(case: Case, *, asked: str) -> list[Finding]:
    """Of the model asked for, in the order of their numbers; Http404 where there is no such model there."""
    evaluation = chosen(evaluations_at(case.cohort), asked)
    if evaluation is None:
        raise Http404("No such model there.")
    try:
        return [one.finding for one in found_in(result_of(case, evaluation), evaluation)]
    except Refusal as refusal:
        raise Http404(str(refusal)) from refusal


def undecided(user: User, hospital: Hospital) -> QuerySet[Suspect]:
    """What this reader has not decided: whatever others said, which is not told before."""
    own = Decision.objects.filter(suspect=OuterRef("pk"), by=user, undone_at__isnull=True)
    rows = Suspect.objects.filter(~Exists(own), case__cohort__hospital=hospital)
    return rows.select_related("case__cohort__hospital__enrolment", "benchmark").order_by("-teams", "pk")


def queue_of(user: User, hospital: Hospital, *, asked: str = "") -> Queue:
    """The next suspect, or the one asked for if it is undecided; and what this reader decided, the latest first."""
    waiting = undecided(user, hospital)
    suspect = waiting.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 18 else None
    benchmarks = Suspect.objects.filter(case__cohort__hospital=hospital).values("benchmark")
    return Queue(
        hospital=hospital,
        suspect=suspect or waiting.first(),
        waiting=waiting.count(),
        judged=judged_by(user, hospital),
        pace=pace_at(hospital),
        search=Search.objects.filter(
            Q(benchmark__in=benchmarks) | Q(benchmark__cohorts__hospital=hospital), done_at__isnull=False
        )
        .order_by("-done_at")
        .first(),
    )


def judged_by(user: User, hospital: Hospital) -> list[Judged]:
    """The latest and all that are disputed, with names: who has decided cannot be led by them any more."""
    own = Decision.objects.filter(by=user, undone_at__isnull=True, suspect__case__cohort__hospital=hospital)
    latest = own.order_by("-at", "-pk").values_list("suspect", flat=True)
    shown = [*latest[:LATEST], *latest.filter(suspect__state=Suspect.State.DISPUTED)]
    order = {pk: place for place, pk in enumerate(dict.fromkeys(shown))}
    suspects = list(Suspect.objects.filter(pk__in=order).select_related("case__cohort"))
    standing: dict[int, list[Decision]] = {pk: [] for pk in order}
    before = Decision.objects.filter(suspect=OuterRef("suspect"), by=OuterRef("by"), undone_at__isnull=False)
    rows = Decision.objects.filter(suspect__in=order, undone_at__isnull=True).select_related("by").order_by("at")
    rows = rows.annotate(again=Exists(before))
    for decision in rows:
        standing[decision.suspect_id].append(decision)
    named = {pk for suspect in suspects for pk in suspect.evaluations}
    submissions = {
        evaluation.pk: evaluation.submission
        for evaluation in Evaluation.objects.filter(pk__in=named).select_related("submission__team")
    }
    return [
        Judged(
            suspect=suspect,
            decisions=standing[suspect.pk],
            submissions=[submissions[pk] for pk in suspect.evaluations if pk in submissions],
        )
        for suspect in sorted(suspects, key=lambda suspect: order[suspect.pk])
    ]


def latest_of(user: User, hospital: Hospital) -> Decision | None:
    """What an undo takes back."""
    own = Decision.objects.filter(by=user, undone_at__isnull=True, suspect__case__cohort__hospital=hospital)
    return own.order_by("-at", "-pk").first()


def pace_at(hospital: Hospital) -> Pace:
    rows = Decision.objects.filter(suspect__case__cohort__hospital=hospital, undone_at__isnull=True)
    taken_for = list(rows.values_list("seconds", "capped"))
    return Pace(
        n=len(taken_for),
        capped=sum(capped for _, capped in taken_for),
        median=statistics.median(seconds for seconds, _ in taken_for) if taken_for else None,
    )
