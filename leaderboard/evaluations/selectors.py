"""Where every run stands, and the cohort results of an evaluation."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec
from django.conf import settings
from django.db.models import Count, Exists, F, Min, OuterRef, QuerySet
from django.http import Http404
from django.utils import timezone

from evaluator import results as wire
from evaluator.learnt import learn
from evaluator.records import Audit
from leaderboard.accounts.selectors import Person
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult, Evaluation, NullResult, Permission, Run, Worker
from leaderboard.evaluations.told import told_of
from leaderboard.lib import documents
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import get_submission_for, several_teams
from leaderboard.submissions.selectors import queue_position as submission_position

learn(Audit, wire.Results)


LARGEST_ALARM = 30
LARGEST_ALARMS = 20
LATEST = 500  # runs that say how long one takes


@dataclass(frozen=True, kw_only=True)
class StateCount:
    """How many rows are in a state, and since when the oldest of them is."""

    state: str
    label: str
    count: int
    oldest: datetime


@dataclass(frozen=True, kw_only=True)
class FailureCount:
    failure: str
    fault: str
    count: int


@dataclass(frozen=True, kw_only=True)
class WorkerState:
    worker: Worker
    alive: bool


@dataclass(frozen=True, kw_only=True)
class AuditLine:
    """One number that another program does not find, or (``error``) why it could not look at a case."""

    hospital: str
    case: str
    structure: str = ""
    measure: str = ""
    ours: str = ""
    theirs: str = ""
    program: str = ""
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class AuditAlarm:
    """An evaluation whose audit differs or broke down; of very many lines only the first."""

    evaluation: Evaluation
    lines: list[AuditLine]
    more: int


@dataclass(frozen=True, kw_only=True)
class Operations:
    """The organiser's page: who works, what waits, what failed, what is done, and whose audit is to be looked at."""

    alarms: list[AuditAlarm]
    workers: list[WorkerState]
    submissions: list[StateCount]
    runs: list[StateCount]
    open_runs: list[Run]
    failed_runs: list[Run]  # and cancelled ones: both can be put in line again
    done_runs: list[Run]  # the latest: organisers may look at what they printed
    open_submissions: list[Submission]
    failures: list[FailureCount]


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Results on one cohort that organisers are to look at."""

    what: str
    results: list[CohortResult]


def alike() -> list[Alike]:
    """Submissions that answered every scan the same, and those of several teams that answered alike, scan by scan."""
    rows = CohortResult.objects.select_related("run__cohort__hospital", "run__evaluation__submission__team")
    rows = rows.defer("audit").order_by("received", "pk")
    found = [Alike(what="one answer for all scans", results=[row]) for row in rows.filter(constant=True)]
    # The database says which answers came more than once: of tens of thousands of results hardly any did.
    repeated = CohortResult.objects.exclude(answers_sha256="").order_by().values("run__cohort", "answers_sha256")
    again = {row["answers_sha256"] for row in repeated.annotate(times=Count("pk")).filter(times__gt=1)}
    groups: dict[tuple[int, str], list[CohortResult]] = {}
    for row in rows.filter(answers_sha256__in=again) if again else ():
        groups.setdefault((row.run.cohort_id, row.answers_sha256), []).append(row)
    return found + [
        Alike(what="the same answers, scan by scan", results=same)
        for same in groups.values()
        if several_teams([row.run.evaluation.submission for row in same])
    ]


def runs_of(submission: Submission) -> QuerySet[Run]:
    rows = Run.objects.filter(evaluation__submission=submission).select_related("hospital", "cohort")
    return rows.order_by("-calibrates", "sealed", "hospital__name")


def get_run_for(user: Person, pk: int) -> Run:
    """The run, for the submission's team and organisers; for a rival it does not exist."""
    run = Run.objects.select_related("evaluation__submission__team", "hospital", "cohort").filter(pk=pk).first()
    if run is None:
        raise Http404("No such run.")
    get_submission_for(user, run.evaluation.submission_id)
    return run


def queue_positions(runs: Iterable[Run]) -> dict[int, int]:
    """By run: 1 for the next of its hospital; those that are not in line are not there. One query, however many."""
    waiting = {run.pk: run.hospital_id for run in runs if run.state in (Run.State.QUEUED, Run.State.WAITING)}
    line = Run.objects.filter(
        hospital__in=set(waiting.values()), state__in=(Run.State.QUEUED, Run.State.WAITING)
    ).order_by("created", "pk")
    passed: Counter[int] = Counter()
    positions = {}
    for pk, hospital in line.values_list("pk", "hospital") if waiting else ():
        passed[hospital] += 1
        positions[pk] = passed[hospital]
    return {pk: positions[pk] for pk in waiting if pk in positions}


def expected_waits(runs: Iterable[Run], positions: dict[int, int]) -> dict[int, timedelta]:
    """By run in line: how long until it has ended, if those before it take as long as the hospital's latest did.

    In whole minutes begun, and from no run whose end is told later: a program could send words by how long it takes.
    """
    waiting = {run.pk: run.hospital_id for run in runs if run.pk in positions}
    if not waiting:
        return {}
    told = Run.objects.filter(sealed=False, evaluation__submission__benchmark__batch_hours__isnull=True)
    done = told.filter(hospital__in=set(waiting.values()), state=Run.State.DONE)
    lasted = done.annotate(took=F("finished") - F("started")).filter(took__isnull=False).order_by("-finished")
    took: dict[int, list[float]] = {}
    for hospital, one in lasted.values_list("hospital", "took")[:LATEST]:
        took.setdefault(hospital, []).append(one.total_seconds())
    return {
        pk: timedelta(minutes=math.ceil(statistics.median(took[hospital]) / 60) * positions[pk])
        for pk, hospital in waiting.items()
        if hospital in took
    }


def count_states(rows: QuerySet[Run] | QuerySet[Submission]) -> list[StateCount]:
    choices = dict(rows.model.State.choices)
    grouped = rows.order_by().values("state").annotate(count=Count("pk"), oldest=Min("state_since"))
    by_state = {row["state"]: row for row in grouped}
    return [
        StateCount(state=state, label=str(label), count=by_state[state]["count"], oldest=by_state[state]["oldest"])
        for state, label in choices.items()
        if state in by_state
    ]


def worker_states() -> list[WorkerState]:
    """Workers that spoke within a day. One that was silent for longer than a lease is not alive."""
    now = timezone.now()
    silent = now - timedelta(seconds=settings.LEASE_SECONDS)
    recent = Worker.objects.filter(last_seen__gte=now - timedelta(days=1))
    return [WorkerState(worker=worker, alive=worker.last_seen >= silent) for worker in recent]


def operations() -> Operations:
    runs = Run.objects.select_related("hospital", "cohort", "evaluation__submission__team")
    submissions = Submission.objects.select_related("team", "benchmark").defer("try_out_log")
    refused = Permission.objects.filter(
        hospital=OuterRef("hospital"), submission=OuterRef("evaluation__submission"), granted=False
    )
    ended = runs.filter(state__in=(*Run.AGAIN, Run.State.WITHDRAWN)).annotate(refused_here=Exists(refused))
    failures = (
        Run.objects.exclude(failure="").order_by("failure").values("failure", "fault").annotate(count=Count("pk"))
    )
    return Operations(
        alarms=audit_alarms(acknowledged=False),
        workers=worker_states(),
        submissions=count_states(Submission.objects.all()),
        runs=count_states(Run.objects.all()),
        open_runs=list(runs.filter(state__in=Run.OPEN).order_by("state_since")[:200]),
        failed_runs=list(ended.order_by("-state_since")[:100]),
        done_runs=list(runs.filter(state=Run.State.DONE).order_by("-state_since", "-pk")[:20]),
        open_submissions=list(submissions.filter(state__in=Submission.OPEN).order_by("state_since")[:200]),
        failures=[FailureCount(failure=row["failure"], fault=row["fault"], count=row["count"]) for row in failures],
    )


def read_audit(result: CohortResult) -> Audit | None:
    """The audit of a run's cohort result, None where the worker made none."""
    return msgspec.convert(result.audit, Audit | None)


def audit_alarms(*, acknowledged: bool) -> list[AuditAlarm]:
    """Alarms that an organiser has or has not seen, newest first."""
    rows = Evaluation.objects.filter(
        audit__in=Evaluation.ALARMS, audit_acknowledged_at__isnull=not acknowledged
    ).select_related("submission__team", "audit_acknowledged_by")
    return [_alarm(evaluation) for evaluation in rows.order_by("-audited_at")[:LARGEST_ALARMS]]


def _alarm(evaluation: Evaluation) -> AuditAlarm:
    found = CohortResult.objects.filter(run__evaluation=evaluation).order_by("run__hospital__name", "run__cohort")
    lines = [
        line
        for result in found.select_related("run__hospital")
        for line in _lines(result.run.hospital.name, read_audit(result))
    ]
    return AuditAlarm(evaluation=evaluation, lines=lines[:LARGEST_ALARM], more=max(len(lines) - LARGEST_ALARM, 0))


def _lines(hospital: str, audit: Audit | None) -> Iterator[AuditLine]:
    for case in audit.cases if audit else ():
        at = AuditLine(hospital=hospital, case=case.case, program=case.program)
        if case.error:
            yield replace(at, error=case.error)
        for one in case.differences:
            ours, theirs = ("–" if value is None else f"{value:.10g}" for value in (one.ours, one.theirs))
            yield replace(at, structure=one.structure, measure=one.measure, ours=ours, theirs=theirs)


def runs_at(hospital_id: int) -> QuerySet[Run]:
    """What ran at a hospital, newest first: the data steward's list."""
    rows = Run.objects.filter(hospital=hospital_id).select_related("cohort", "evaluation__submission__team")
    return rows.order_by("-created")


def read_results(result: CohortResult) -> wire.Results:
    """A run's case results, from their file.

    Raises
    ------
    DocumentLost, DocumentAltered
        The file is not what the row names.
    """
    return msgspec.json.decode(documents.read(result.document), type=wire.Results)


def results_of(evaluation: Evaluation, *, sealed: bool = False) -> wire.Results | None:
    """All held-out cohort results of an evaluation as one, or the sealed ones, hospitals by name; None if it has none.

    The model is called by its submission's id: two teams may give the same name.
    """
    held_out = CohortResult.objects.filter(run__evaluation=evaluation, run__calibrates=False, run__sealed=sealed)
    rows = held_out.order_by("run__hospital__name", "run__cohort")
    parts = [read_results(row) for row in rows]
    if not parts:
        return None
    name = str(evaluation.submission_id)
    return replace(
        parts[0],
        submission=replace(parts[0].submission, model=name),
        cohorts=tuple(cohort for part in parts for cohort in part.cohorts),
    )


def null_digests_of(benchmark: Benchmark) -> dict[int, str]:
    """Of the null submissions on every cohort of the panel, by cohort; empty while one is missing."""
    cohorts = set(benchmark.cohorts.values_list("pk", flat=True))
    rows = NullResult.objects.filter(benchmark=benchmark, cohort__in=cohorts, computed_at__isnull=False)
    found = dict(rows.order_by("cohort__hospital__name", "cohort").values_list("cohort", "sha256"))
    return found if found.keys() == cohorts else {}


def nulls_of(benchmark: Benchmark) -> list[NullResult]:
    """The null submissions on every cohort of the panel, hospitals by name; empty while one is missing."""
    rows = NullResult.objects.filter(benchmark=benchmark, cohort__in=null_digests_of(benchmark))
    return list(rows.select_related("cohort__hospital").order_by("cohort__hospital__name", "cohort"))


def null_results_of(rows: Sequence[NullResult]) -> list[wire.Results]:
    """Of each kind that every cohort has, all hospitals as one, under the names that the platform gives them."""
    kinds = [kind for kind in rows[0].results or () if all(kind in (row.results or {}) for row in rows)] if rows else []
    found = []
    for kind in kinds:
        parts = [(row.cohort.hospital.name, msgspec.convert((row.results or {})[kind], wire.Results)) for row in rows]
        cohorts = tuple(replace(cohort, hospital=name) for name, part in parts for cohort in part.cohorts)
        found.append(replace(parts[0][1], cohorts=cohorts))
    return found


@dataclass(frozen=True, kw_only=True)
class RunProgress:
    """A run as its team may see it: cases done only in quarters, which tell nothing about one scan.

    Run time is rounded to the minute begun, peak memory to two digits: a program could send words by them.
    """

    run: Run
    position: int | None
    quarters: int
    told: bool
    told_why: str = ""
    expected: timedelta | None = None  # until it has ended, of one in line

    @property
    def run_time(self) -> timedelta | None:
        if self.run.finished is None or self.run.started is None:
            return None
        return timedelta(minutes=math.ceil((self.run.finished - self.run.started) / timedelta(minutes=1)))

    @property
    def peak_memory_bytes(self) -> int | None:
        peak = self.run.peak_memory_bytes
        return peak and round(peak, 2 - len(str(peak)))


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a submission stands: its own place in line, then its runs'."""

    position: int | None
    evaluation: Evaluation | None
    runs: list[RunProgress]
    open: bool
    told_at: datetime | None  # the published time at which its team learns how it stands; None where it knows


def progress_of(submission: Submission, *, everything: bool = False) -> Progress:
    """As its team may see it, or ``everything``, as organisers do."""
    evaluation = Evaluation.objects.filter(submission=submission).select_related("submission__benchmark").first()
    benchmark = submission.benchmark
    told = everything or evaluation is None or evaluation.is_told
    sealed_told = everything or benchmark.final_at is not None
    found = list(runs_of(submission))
    positions = queue_positions(found)
    waits = expected_waits(found, positions)
    runs = [
        RunProgress(
            run=run,
            position=positions.get(run.pk),
            quarters=25 * (4 * run.cases_done // run.cases_total) if run.cases_total else 0,
            told=sealed_told if run.sealed else told,
            told_why=told_of(run),
            expected=waits.get(run.pk),
        )
        for run in found
    ]
    waits_for_runs = submission.state == Submission.State.ACCEPTED and evaluation is None
    return Progress(
        position=submission_position(submission),
        evaluation=evaluation,
        runs=runs,
        open=submission.is_open or waits_for_runs or not told or any(row.run.is_open for row in runs if row.told),
        told_at=None if told else benchmark.next_batch,
    )
