"""Rows as the interface shows them: to a team what its pages show, no more."""

from __future__ import annotations

from django.db.models import Q
from django.urls import reverse

from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import is_organiser, teams_of
from leaderboard.api.schemas import (
    BenchmarkOut,
    CheckOut,
    PersonOut,
    QuotaOut,
    RunOut,
    SampleCaseOut,
    SubmissionLine,
    SubmissionOut,
    TeamOut,
)
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.selectors import terms_now
from leaderboard.evaluations.selectors import RunProgress, progress_of
from leaderboard.hospitals.models import Hospital
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import quota


def person(user: User) -> PersonOut:
    return PersonOut(name=user.name, teams=[TeamOut(slug=team.slug, name=team.name) for team in teams_of(user)])


def benchmark(found: Benchmark, user: User) -> BenchmarkOut:
    terms = terms_now()
    here = Q(cohorts__benchmarks=found) | Q(cohorts__sealed_for=found)
    left = [(team, quota(team=team, benchmark=found)) for team in teams_of(user)]
    return BenchmarkOut(
        slug=found.slug,
        title=found.title,
        question=found.question,
        contracts=found.contracts,
        hospitals=list(Hospital.objects.filter(here).distinct().order_by("slug").values_list("slug", flat=True)),
        quotas=[
            QuotaOut(team=team.slug, left=one.left, allowed=one.allowed, renewed=one.renewed) for team, one in left
        ],
        terms=terms.version if terms else None,
    )


def line(found: Submission) -> SubmissionLine:
    return SubmissionLine(
        id=found.pk,
        team=found.team.slug,
        benchmark=found.benchmark.slug,
        model=found.model,
        state=found.state,
        state_since=found.state_since,
        created=found.created,
    )


def submission(found: Submission, user: User) -> SubmissionOut:
    progress = progress_of(found, everything=is_organiser(user))
    return SubmissionOut(
        **line(found).dict(),
        evaluation=progress.evaluation.state if progress.evaluation and not progress.told_at else None,
        page=reverse("evaluations:submission", args=[found.pk]),
        contract=found.contract,
        threshold=found.threshold,
        public=found.public,
        archive_sha256=found.archive_sha256,
        weights_sha256=found.weights_sha256,
        image=found.image,
        place_in_line=progress.position,
        open=progress.open,
        told_at=progress.told_at,
        failure=found.failure,
        fault=found.fault,
        reason=found.reason,
        next_step=found.next_step,
        checks=[CheckOut(check=one["check"], ok=one["ok"], detail=str(one.get("detail", ""))) for one in found.checks],
        try_out=[SampleCaseOut(**one) for one in found.try_out],
        try_out_log=found.try_out_log,
        runs=[run(one) for one in progress.runs],
    )


def run(found: RunProgress) -> RunOut:
    hospital = found.run.hospital.slug
    if not found.told:
        return RunOut(hospital=hospital, state="under way")
    return RunOut(
        hospital=hospital,
        state=found.run.state,
        since=found.run.state_since,
        place_in_line=found.position,
        expected_seconds=None if found.expected is None else round(found.expected.total_seconds()),
        done_percent=found.quarters if found.run.is_open else None,
        why=found.told_why,
    )
