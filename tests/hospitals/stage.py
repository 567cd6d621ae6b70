"""The rows of a small platform whose panel is three hospitals, and the scans that lie at them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import numpy as np
from django.utils import timezone

from evaluator.cohort import read_cohort, write_manifest
from evaluator.container.engine import ContainerEngine
from evaluator.container.fake_engine import FakeBox, Program
from evaluator.records import Grid, Volume
from evaluator.results import to_builtins
from evaluator.volumes import read_volume, write_nifti
from leaderboard.accounts.models import Team, User
from leaderboard.accounts.services import team_add
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import pancreas_benchmark_create
from leaderboard.evaluations.models import CohortResult, Evaluation, NullResult
from leaderboard.evaluations.services import evaluation_create, nulls_compute, run_execute
from leaderboard.evaluations.services.nulls import nulls_reconcile
from leaderboard.hospitals.models import Cohort, Hospital
from leaderboard.hospitals.services import cohort_import
from leaderboard.rankings.services.make import compute, inputs_of
from leaderboard.submissions.models import Submission
from tests.containers.submissions import FOLDER
from tests.factories import TeamFactory, UserFactory
from tests.tiny_cohorts import write_tiny_cohort

CASES = 8
NAMES = {"harbour": "Harbour", "lakeside": "Lakeside", "northgate": "Northgate"}
SEED = 7
# Dark voxels are a finding; whoever is forgetful does not look at some scans. Standard library only: it starts fast.
DETECTOR = (
    FOLDER
    + """
import array, zlib
def detect(case, wrong):
    scan = inflated(case)
    voxels = array.array("h", scan[352:])
    found = array.array("h", [1 if abs(value) < 50 else 0 for value in voxels])
    if wrong:
        found = array.array("h", bytes(len(scan) - 352))
    out = "/output/" + case["id"]
    os.makedirs(out, exist_ok=True)
    with gzip.open(out + "/lesions.nii.gz", "wb") as file:
        file.write(scan[:352] + found.tobytes())
    with open(out + "/prediction.json", "w") as file:
        noise = zlib.crc32(scan[352:]) % 97 / 500
        json.dump({"likelihood": 0.6 + sum(found) / 1e4 if any(found) else 0.1 + noise}, file)
for case in cases:
    time.sleep(PAUSE)
    detect(case, zlib.crc32(inflated(case)[352:]) % MODULUS == 0)
"""
)


def detector(modulus: int, *, pause: float = 0.0) -> str:
    """Wrong of one scan in ``modulus`` or so, always of the same; it waits a little before each."""
    return DETECTOR.replace("MODULUS", str(modulus)).replace("PAUSE", str(pause))


def in_this_process(script: str) -> Program:
    """The very same program for the fake engine."""

    def run(box: FakeBox) -> int:
        moved = script.replace('"/input/', f'"{box.input}/').replace('"/output/', f'"{box.output}/')
        exec(compile(moved, "detector", "exec"), {})
        return 0

    return run


def write_scans(folder: Path, *, slug: str, zoom: int = 1) -> Path:
    """A tiny cohort, ``zoom`` times as wide, with noise of its own in every scan: no two pieces of two are the same."""
    write_tiny_cohort(folder, cases=CASES, hospital=slug)
    rng = np.random.default_rng([SEED, *slug.encode()])
    for path in sorted(folder.rglob("*.nii.gz")):
        tiny = read_volume(path)
        data = tiny.data.repeat(zoom, axis=0).repeat(zoom, axis=1).repeat(zoom, axis=2)
        if path.name == "ct.nii.gz":
            data = data + rng.integers(-30, 31, data.shape)
        i, j, k = data.shape
        grid = Grid((i, j, k), tiny.grid.affine)
        write_nifti(path, Volume(np.asfortranarray(data.astype(tiny.data.dtype)), grid))
    (folder / "manifest.json").unlink()
    write_manifest(read_cohort(folder))
    return folder


@dataclass(frozen=True, kw_only=True)
class People:
    """A team and its member."""

    team: Team
    member: User


def people() -> People:
    member = UserFactory.create(email="member@example.org", name="Mira Member")
    team = TeamFactory.create(name="Uppsala Imaging", slug="uppsala-imaging")
    team_add(team=team, user=member)
    return People(team=team, member=member)


def sample(folder: Path) -> Cohort:
    hospital = Hospital.objects.create(slug="sample", name="Sample")
    write_tiny_cohort(folder, cases=2, hospital="sample")
    return cohort_import(hospital=hospital, folder=folder, by=None, purpose=Cohort.Purpose.SAMPLE)


def benchmark_of(cohorts: list[Cohort], *, sample: Cohort | None) -> Benchmark:
    return pancreas_benchmark_create(cohorts=cohorts, sample=sample, demonstration=True)


def on_the_platform(submissions: list[Submission], folders: dict[str, Path], engine: ContainerEngine) -> Benchmark:
    """The same submissions on the same scans, in this thread's database, run by the platform itself."""
    cohorts = []
    for slug, folder in folders.items():
        hospital = Hospital.objects.create(slug=slug, name=NAMES[slug])
        cohorts.append(cohort_import(hospital=hospital, folder=folder, by=None))
    benchmark, who = benchmark_of(cohorts, sample=None), people()
    for theirs in submissions:
        evaluation = evaluation_create(submission_id=accepted(theirs, benchmark, who).pk)
        for run in evaluation.runs.all():
            run_execute(pk=run.pk, engine=engine)
    nulls_reconcile()
    for row in NullResult.objects.all():
        nulls_compute(pk=row.pk)
    return benchmark


def accepted(theirs: Submission, benchmark: Benchmark, who: People) -> Submission:
    return accept(
        pk=theirs.pk, created=theirs.created, model=theirs.model, image=theirs.image, benchmark=benchmark, who=who
    )


def accept(
    *, model: str, image: str, benchmark: Benchmark, who: People, reference: str = "", **more: object
) -> Submission:
    """A submission that has been checked and tried out."""
    return Submission.objects.create(
        team=who.team,
        benchmark=benchmark,
        model=model,
        image=image,
        reference=reference,
        created_by=who.member,
        archive_name="detector.tar",
        archive_bytes=1,
        archive_sha256="0" * 64,
        contract="folder",
        state=Submission.State.ACCEPTED,
        accepted_at=timezone.now(),
        **more,
    )


def ranking(benchmark: Benchmark) -> dict[str, object]:
    """Every number of a ranking of all that is done, from a set seed: its own comes of results with their times."""
    done = Evaluation.objects.filter(submission__benchmark=benchmark, state=Evaluation.State.DONE)
    evaluations = list(done.select_related("submission").order_by("submission_id"))
    found = compute(benchmark, evaluations, inputs_of(benchmark, evaluations), seed=SEED)
    shown = {name: to_builtins(getattr(found, name)) for name in ("ranking", "nulls", "versions")}
    return shown | {"overall": [numbers.overall for numbers in found.evaluations]}


def case_results() -> dict[tuple[UUID, str], list[object]]:
    """Of every run, what it gave of every case, but how long that took."""
    results = CohortResult.objects.select_related("run__evaluation", "run__hospital")
    return {
        (result.run.evaluation.submission_id, result.run.hospital.slug): [
            {name: value for name, value in case.items() if name != "seconds"}
            for case in result.payload["cohorts"][0]["cases"]
        ]
        for result in results
    }
