"""A platform under load, without scans: hospitals, teams, submissions and their results as rows and documents."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import msgspec
import numpy as np
from django.db import connections, transaction

from evaluator import results as wire
from evaluator.records import SubmissionRecord
from evaluator.synthetic.answers import Patients, answer, make_patients
from leaderboard.accounts.models import Team, User
from leaderboard.accounts.services import person_add
from leaderboard.audit.services import record_all
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import pancreas_benchmark_create
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.evaluations.services.operating_point import declared
from leaderboard.evaluations.services.results import summary
from leaderboard.hospitals.models import Case, Cohort, Hospital
from leaderboard.lib import documents
from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import data_folder
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.selectors import eligible
from leaderboard.rankings.services.make import inputs_of, snapshot_make
from leaderboard.rankings.services.numbers import numbers_of
from leaderboard.submissions.models import Submission

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
A_TEAM = 5  # submissions
TRAINED = 40  # every so many submissions one was trained on a hospital of the panel, and is not ranked
BATCH = 2000
IDENTITY = ("case", "patient", "cancer", "index_scan", "reference")

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Load:
    """How much; ``cases`` over all hospitals."""

    hospitals: int = 145
    cases: int = 36_390
    submissions: int = 200
    seed: int = 1
    processes: int = 2

    def sizes(self) -> list[int]:
        """Hospitals from half to one and a half times the mean."""
        shares = np.linspace(0.5, 1.5, self.hospitals)
        edges = np.round(np.cumsum(shares) / shares.sum() * self.cases).astype(int)
        return [int(size) for size in np.diff([0, *edges])]


def load_generate(*, load: Load, say: Callable[[str], None]) -> Snapshot:
    """Make the platform in an empty database, count every submission's numbers and publish the ranking.

    Raises
    ------
    Refusal
        The database has people, hospitals or submissions.
    """
    if User.objects.exists() or Hospital.objects.exists() or Submission.objects.exists():
        raise Refusal(
            "This database is not empty.",
            why="Made-up results must never lie beside real ones.",
            next_step="Name a new database in DATABASE_URL and a new folder in LEADERBOARD_DATA, and migrate.",
        )
    patients = hospitals_create(load)
    benchmark = Benchmark.objects.get()
    say(f"{load.hospitals} hospitals with {load.cases:,} cases")
    evaluations = submissions_create(load, benchmark)
    say(f"{load.submissions} submissions")
    results_create(load, patients, evaluations)
    os.sync()
    say(f"{CohortResult.objects.count():,} cohort results, {load.cases * load.submissions:,} case results")
    waiting_create(benchmark)
    numbers_prepare(load, benchmark)
    say("reports and answers counted")
    snapshot = snapshot_make(benchmark=benchmark)
    assert snapshot is not None  # there was none
    say(f"{snapshot} is published")
    return snapshot


@transaction.atomic
def hospitals_create(load: Load) -> list[Patients]:
    rng = np.random.default_rng([load.seed, 0])
    made = [make_patients(f"Hospital {n:03d}", size, rng=rng) for n, size in enumerate(load.sizes(), start=1)]
    cohorts = []
    for number, one in enumerate(made, start=1):
        hospital = Hospital.objects.create(slug=f"hospital-{number:03d}", name=one.hospital, country="Made up")
        cohort = Cohort.objects.create(
            hospital=hospital,
            name="portal venous",
            version="1",
            fingerprint=one.fingerprint,
            folder=str(data_folder("made-up")),  # no scan is in it
            counts={"cases": len(one.cases)},
        )
        Case.objects.bulk_create(
            Case(
                cohort=cohort,
                case=case.case,
                patient=case.patient,
                cancer=case.cancer,
                index_scan=True,
                attributes={name: value for name, value in asdict(case).items() if name not in IDENTITY},
            )
            for case in one.cases
        )
        cohorts.append(cohort)
    benchmark = pancreas_benchmark_create(cohorts=cohorts, sample=None, demonstration=True)
    # Every page says that it is made up; what is hidden is hidden all the same, as it costs time.
    benchmark.panel_minimum, benchmark.public_minimum = 10, 10
    benchmark.full_clean()
    benchmark.save()
    return made


@transaction.atomic
def submissions_create(load: Load, benchmark: Benchmark) -> list[Evaluation]:
    person_add(email="organiser@load.example", name="Load Organiser", organiser=True)
    teams = {}
    for number in range(1, (load.submissions - 1) // A_TEAM + 2):
        person = person_add(email=f"team{number}@load.example", name=f"Person {number}", team=f"Team {number:02d}")
        teams[number] = (Team.objects.get(slug=f"team-{number:02d}"), person)
    submissions = []
    for number in range(load.submissions):
        team, person = teams[number // A_TEAM + 1]
        when = BEGAN + timedelta(hours=number)
        submissions.append(
            Submission(
                team=team,
                benchmark=benchmark,
                model=f"Model {number + 1:03d}",
                created_by=person,
                created=when,
                archive_name="made-up.tar",
                archive_bytes=1,
                archive_sha256=f"{number:064x}",
                image=f"sha256:{number:064x}",
                contract="folder",
                state=Submission.State.ACCEPTED,
                state_since=when,
                accepted_at=when,
            )
        )
    Submission.objects.bulk_create(submissions)
    first = Hospital.objects.order_by("name").first()
    for submission in submissions[TRAINED - 1 :: TRAINED]:
        submission.trained_on.set([first] if first else [])
    evaluations = [
        Evaluation(submission=one, state=Evaluation.State.DONE, state_since=one.created, **declared(one))
        for one in submissions
    ]
    return Evaluation.objects.bulk_create(evaluations)


def results_create(load: Load, patients: Sequence[Patients], evaluations: Sequence[Evaluation]) -> None:
    """Documents by several processes, rows in bulk: runs, cohort results, and what the audit log says of them."""
    cohorts = list(Cohort.objects.select_related("hospital").order_by("hospital__name"))
    trained = {
        one.submission_id: tuple(one.submission.trained_on.values_list("name", flat=True)) for one in evaluations
    }
    write = partial(submission_write, load.seed, patients)
    asked = [(number, of_submission(one.submission, trained)) for number, one in enumerate(evaluations)]
    for evaluation, rows in zip(evaluations, spread(load, write, asked), strict=True):
        with transaction.atomic():
            runs = Run.objects.bulk_create(
                Run(
                    evaluation=evaluation,
                    hospital=cohort.hospital,
                    cohort=cohort,
                    state=Run.State.DONE,
                    attempt=1,
                    cases_total=row["cases"],
                    cases_done=row["cases"],
                    started=evaluation.state_since,
                    finished=evaluation.state_since,
                    state_since=evaluation.state_since,
                )
                for cohort, row in zip(cohorts, rows, strict=True)
            )
            CohortResult.objects.bulk_create(CohortResult(run=run, **row) for run, row in zip(runs, rows, strict=True))
            record_all(
                ("run.done", f"run {run.pk}", {"result": row["sha256"]}) for run, row in zip(runs, rows, strict=True)
            )


def of_submission(submission: Submission, trained: dict[Any, tuple[str, ...]]) -> SubmissionRecord:
    return SubmissionRecord(
        model=submission.model,
        image=submission.image,
        threshold=submission.threshold,
        trained_on=trained[submission.pk],
        submitted=submission.created.isoformat(),
    )


def submission_write(
    seed: int, patients: Sequence[Patients], asked: tuple[int, SubmissionRecord]
) -> list[dict[str, Any]]:
    """The documents of one submission, and of each what its row says."""
    number, submission = asked
    rng = np.random.default_rng([seed, 1, number])
    skill, failing = float(rng.normal(1.0, 0.4)), float(rng.choice([0.0, 0.0, 0.002, 0.01]))
    rows = []
    for one in patients:
        cohort = answer(one, skill=skill, failing=failing, rng=rng)
        found = wire.Results(
            schema=wire.SCHEMA, scorer="lesions/1", hit_rule="hit/1", submission=submission, cohorts=(cohort,)
        )
        # Rounded numbers, so these bytes are those of `documents.canonical`, in a tenth of the time.
        digest = documents.keep(msgspec.json.encode(found, order="sorted"), durable=False)
        rows.append(summary(cohort, digest=digest))
    return rows


def waiting_create(benchmark: Benchmark) -> None:
    """One submission in line everywhere, so that the pages of what is under way have something to show."""
    model = benchmark.submissions.earliest("created")
    model.pk, model._state.adding, model.model = None, True, "Under way"
    model.id = Submission._meta.get_field("id").get_default()
    model.save()
    evaluation = Evaluation.objects.create(submission=model, state=Evaluation.State.RUNNING, **declared(model))
    Run.objects.bulk_create(
        Run(
            evaluation=evaluation,
            hospital=cohort.hospital,
            cohort=cohort,
            state=Run.State.FAILED if number % 10 == 0 else Run.State.WAITING,
            failure="platform-error" if number % 10 == 0 else "",
            fault="platform" if number % 10 == 0 else "",
        )
        for number, cohort in enumerate(Cohort.objects.select_related("hospital"))
    )


def numbers_prepare(load: Load, benchmark: Benchmark) -> None:
    """What a ranking would compute one after the other, by several processes."""
    evaluations = list(eligible(benchmark).select_related("submission"))
    given = inputs_of(benchmark, evaluations)["submissions"]
    for _ in spread(load, partial(prepare, benchmark), list(zip(evaluations, given, strict=True))):
        pass


def prepare(benchmark: Benchmark, asked: tuple[Evaluation, dict[str, Any]]) -> None:
    numbers_of(benchmark, asked[0], given=asked[1])


def spread(load: Load, act: Callable[[Given], Made], asked: Iterable[Given]) -> Iterator[Made]:
    """In order, by as many processes as were asked for; by this one where that is one."""
    if load.processes == 1:
        yield from map(act, asked)
        return
    connections.close_all()  # a connection must not be shared
    with ProcessPoolExecutor(load.processes) as pool:
        yield from pool.map(act, asked)
