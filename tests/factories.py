"""Rows for tests. What a run gives is made of the engine's own records, never of loose JSON."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Many
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone
from factory.declarations import LazyFunction, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory

from evaluator import results as wire
from evaluator.records import (
    Audit,
    CaseAudit,
    CaseRecord,
    CaseResult,
    Comparison,
    Finding,
    Lesion,
    SubmissionRecord,
    TruthSource,
)
from evaluator.records import CohortResult as CohortRecord
from evaluator.statistics.suspects import RULE
from leaderboard.accounts.models import Team, User
from leaderboard.adjudication.models import Suspect
from leaderboard.awards.services import criteria_create
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import pancreas_benchmark_create
from leaderboard.evaluations.models import Evaluation, Run
from leaderboard.evaluations.services.audit import run_audited
from leaderboard.evaluations.services.operating_point import declared
from leaderboard.evaluations.services.results import result_keep
from leaderboard.hospitals.models import Case, Cohort, Hospital
from leaderboard.lib import documents
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.services import snapshot_make
from leaderboard.submissions.models import Submission

ORIGIN = (0.0, 0.0, 0.0)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    email = Sequence(lambda n: f"person{n}@example.org")
    name = Sequence(lambda n: f"Person {n}")


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team

    name = Sequence(lambda n: f"Team {n}")
    slug = Sequence(lambda n: f"team-{n}")


class HospitalFactory(DjangoModelFactory[Hospital]):
    class Meta:
        model = Hospital

    slug = Sequence(lambda n: f"hospital-{n}")
    name = Sequence(lambda n: f"Hospital {n}")
    country = "Sweden"


class CohortFactory(DjangoModelFactory[Cohort]):
    class Meta:
        model = Cohort

    hospital = SubFactory(HospitalFactory)
    name = "portal venous"
    version = "1"
    fingerprint = Sequence(lambda n: f"sha256:{n:064x}")
    folder = "/nowhere"


class SubmissionFactory(DjangoModelFactory[Submission]):
    class Meta:
        model = Submission
        skip_postgeneration_save = True

    team = SubFactory(TeamFactory)
    benchmark = LazyFunction(lambda: make_benchmark(hospitals=2))
    model = Sequence(lambda n: f"Detector {n}")
    created_by = SubFactory(UserFactory)
    archive_name = "detector.tar"
    archive_bytes = 1024
    archive_sha256 = "0" * 64
    contract = "folder"

    class Params:
        accepted = Trait(
            state="accepted",
            accepted_at=LazyFunction(timezone.now),
            image=Sequence(lambda n: f"sha256:{n:064x}"),
        )


def make_cohort(*, positive: int = 4, negative: int = 4, **fields: Any) -> Cohort:
    """A cohort with case rows, cancers first; each patient has one scan."""
    cohort = CohortFactory.create(**fields)
    Case.objects.bulk_create(
        Case(
            cohort=cohort,
            case=f"case-{n:02d}",
            patient=f"patient-{n:02d}",
            cancer=n < positive,
            index_scan=True,
            attributes={"phase": "venous", "scanner": "A" if n % 2 else "B"},
        )
        for n in range(positive + negative)
    )
    return cohort


def make_benchmark(*, hospitals: int) -> Benchmark:
    sample = make_cohort(positive=1, negative=1, purpose=Cohort.Purpose.SAMPLE)
    cohorts = [make_cohort() for _ in range(hospitals)]
    benchmark = pancreas_benchmark_create(cohorts=cohorts, sample=sample, demonstration=True)
    criteria_create(benchmark=benchmark)
    return benchmark


def case_result(case: Case, *, likelihood: float) -> CaseResult:
    """A cancer has one lesion, 5, 15, 25 … mm; a likelihood above 0.5 comes with a finding on it."""
    flagged = likelihood > 0.5
    number = int(case.case[-2:])
    record = CaseRecord(
        case=case.case,
        patient=case.patient,
        cancer=case.cancer,
        index_scan=case.index_scan,
        reference=TruthSource.MASK if case.cancer else TruthSource.DIAGNOSIS,
        phase="venous",
    )
    diameter = 5.0 + 10 * number
    lesion = Lesion(
        id=1, diameter_mm=diameter, volume_ml=1.0, centre_mm=ORIGIN, hit=flagged, finding=1 if flagged else None
    )
    finding = Finding(id=1, confidence=likelihood, volume_ml=1.0, centre_mm=ORIGIN, lesion=1 if case.cancer else None)
    return CaseResult(
        case=record,
        lesions=(lesion,) if case.cancer else (),
        findings=(finding,) if flagged else (),
        likelihood=likelihood,
        likelihood_source="prediction",
        seconds=1.0,
    )


def cohort_record(cohort: Cohort, *, misses: int = 0, false_alarms: int = 0, seed: int = 0) -> CohortRecord:
    """Right for every patient but the first `misses` cancers and the first `false_alarms` others."""
    rng = np.random.default_rng(seed)
    cases = list(cohort.cases.order_by("case"))
    wrong = [case.pk for case in cases if case.cancer][:misses] + [c.pk for c in cases if not c.cancer][:false_alarms]

    def likelihood(case: Case) -> float:
        flag = case.cancer != (case.pk in wrong)
        return float(rng.uniform(0.6, 1.0) if flag else rng.uniform(0.0, 0.4))

    return CohortRecord(
        hospital=cohort.hospital.name,
        cohort=cohort.name,
        version=cohort.version,
        fingerprint=cohort.fingerprint,
        cases=tuple(case_result(case, likelihood=likelihood(case)) for case in cases),
        started="2026-11-23T08:00:00+00:00",
        finished="2026-11-23T08:10:00+00:00",
        peak_memory_bytes=512 * 1024**2,
        containers=1,
    )


def audit_record(case: str, *, measures: tuple[str, ...] = (), error: str = "") -> Audit:
    """One case audited: it agrees, or differs in the measures named, or broke down."""
    differences = tuple(
        Comparison(structure="lesions", measure=measure, ours=0.8125, theirs=0.8120003) for measure in measures
    )
    checked = CaseAudit(
        case=case,
        program="medpy 0.5.2",
        compared=0 if error else 9,
        worst=4.997e-4 if measures else 0.0,
        differences=differences,
        error=error,
    )
    return Audit(seed=7, tolerance=1e-6, cases=(checked,))


def make_marked(evaluation: Evaluation, *measures: str, error: str = "") -> Evaluation:
    """Its first run's audit differs in these measures, or broke down."""
    run = evaluation.runs.select_related("hospital").earliest("pk")
    result = run.cohort_result
    result.audit = wire.to_builtins(audit_record("case-01", measures=measures, error=error))
    result.save()
    with transaction.atomic():
        run_audited(run, result)
    evaluation.refresh_from_db()
    return evaluation


def make_payload(submission: Submission, record: CohortRecord) -> dict[str, Any]:
    results = wire.Results(
        schema=wire.SCHEMA,
        scorer="lesions/1",
        hit_rule="hit/1",
        submission=SubmissionRecord(
            model=submission.model,
            image=submission.image,
            threshold=submission.threshold,
            trained_on=tuple(submission.trained_on.values_list("name", flat=True)),
        ),
        cohorts=(record,),
    )
    payload: dict[str, Any] = wire.to_builtins(results)
    return payload


def make_done(submission: Submission, *, misses: int = 0, false_alarms: int = 0) -> Evaluation:
    """An evaluation whose every run is done."""
    evaluation = Evaluation.objects.create(submission=submission, state=Evaluation.State.DONE, **declared(submission))
    for number, cohort in enumerate(submission.benchmark.cohorts.select_related("hospital")):
        total = cohort.cases.count()
        run = Run.objects.create(
            evaluation=evaluation,
            hospital=cohort.hospital,
            cohort=cohort,
            state=Run.State.DONE,
            cases_total=total,
            cases_done=total,
            attempt=1,
        )
        record = cohort_record(cohort, misses=misses, false_alarms=false_alarms, seed=number)
        result_keep(run=run, payload=make_payload(submission, record))
    return evaluation


def make_ranked(benchmark: Benchmark) -> Benchmark:
    """Three submissions of two teams: one that is always right, one that misses, one that cries wolf; and a ranking."""
    first = Team.objects.filter(slug="uppsala-imaging").first() or TeamFactory.create(
        name="Uppsala Imaging", slug="uppsala-imaging"
    )
    for team, model, misses, alarms in (
        (first, "Careful", 0, 0),
        (first, "Blind", 3, 0),
        (TeamFactory.create(name="Wolves", slug="wolves"), "Wolf", 0, 3),
    ):
        submission = SubmissionFactory.create(team=team, benchmark=benchmark, model=model, accepted=True)
        make_done(submission, misses=misses, false_alarms=alarms)
    snapshot_make(benchmark=benchmark)
    return benchmark


def rewrite_models(snapshot: Snapshot, change: Callable[[dict[str, Any]], None]) -> None:
    """The same snapshot with other reports of its models: as an older version wrote them, or as nobody should."""
    for named in snapshot.documents["models"]:
        report = documents.read_json(named[1])
        change(report)
        named[1] = documents.keep_json(report)
    snapshot.sha256 = snapshot.digest()
    snapshot.save()


def rewrite_ranking(snapshot: Snapshot, **values: Any) -> None:
    """The same snapshot whose ranking says this instead."""
    named = snapshot.documents["ranking"]
    rest = documents.read_json(named["rest"])
    for key, value in values.items():
        if key in named:
            named[key] = documents.keep_json(value)
        else:
            rest[key] = value
    named["rest"] = documents.keep_json(rest)
    snapshot.save()


def make_suspect(
    case: Case,
    evaluations: Many[Evaluation] = (),
    *,
    centre: tuple[float, float, float] = (32.0, 32.0, 12.0),
    volume_ml: float = 0.3,
) -> Suspect:
    """A place in a case that the models of these evaluations marked; in a tiny cohort's scan no lesion is near it."""
    return Suspect.objects.create(
        benchmark=Benchmark.objects.get(),
        case=case,
        ranking=1,
        rule=RULE,
        centre_mm=list(centre),
        volume_ml=volume_ml,
        teams=max(len(evaluations), 2),
        leaders=max(len(evaluations), 2),
        marks=[
            {"evaluation": one.pk, "finding": 1, "confidence": 0.9, "centre_mm": list(centre), "volume_ml": volume_ml}
            for one in evaluations
        ],
    )
