"""A small platform: two hospitals of eight real (tiny) scans, and a fake engine whose images are programs."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from django.core.files import File

from evaluator.container.fake_engine import FakeBox, FakeEngine, Program
from evaluator.records import Volume
from evaluator.volumes import read_volume, write_nifti
from leaderboard.accounts.models import Membership, Team, User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.benchmarks.services import calibration_set, pancreas_benchmark_create
from leaderboard.evaluations.models import Run
from leaderboard.evaluations.services import run_execute
from leaderboard.hospitals.models import Cohort, Hospital
from leaderboard.hospitals.services import cohort_import
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_check, submission_create, submission_try_out
from tests.evaluator.container.archive_builder import Image, tar_of
from tests.tiny_cohorts import write_tiny_cohort

CASES = 8


def detect(box: FakeBox) -> int:
    """Everything about as dark as the tiny cohort's tumours is a finding."""
    box.print("detector starts")
    for case in json.loads((box.input / "cases.json").read_text())["cases"]:
        scan = read_volume(box.input / case["ct"])
        found = (np.abs(scan.data) < 50).astype(np.uint8)
        folder = box.output / case["id"]
        folder.mkdir()
        write_nifti(folder / "lesions.nii.gz", Volume(found, scan.grid))
        (folder / "prediction.json").write_text(json.dumps({"likelihood": 0.9 if found.any() else 0.1}))
    return 0


def crash(box: FakeBox) -> int:
    box.print("cannot find my weights")
    return 3


@dataclass(frozen=True, kw_only=True)
class Stage:
    benchmark: Benchmark
    team: Team
    member: User
    engine: FakeEngine

    def calibrate(self, folder: Path, *, false_alarm_share: float = 0.2) -> Cohort:
        """Four patients with and four without cancer, to freeze operating points on."""
        hospital = Hospital.objects.create(slug="northgate", name="Northgate")
        write_tiny_cohort(folder, cases=CASES, hospital="northgate")
        cohort = cohort_import(hospital=hospital, folder=folder, by=None, purpose=Cohort.Purpose.CALIBRATION)
        calibration_set(benchmark=self.benchmark, cohorts=[cohort], false_alarm_share=false_alarm_share)
        return cohort

    def archive(self, program: Program = detect, *, name: str = "detector") -> bytes:
        """A saved image; the engine runs `program` for it."""
        image = Image(settings={"User": "1000:1000", "Cmd": [name]})
        self.engine.programs[image.digest] = program
        return tar_of(image.new_docker())

    def hand_in(
        self,
        program: Program = detect,
        *,
        model: str = "Detector",
        team: Team | None = None,
        archive: File[bytes] | None = None,
    ) -> Submission:
        team = team or self.team
        membership = Membership.objects.filter(team=team).select_related("user").first()
        assert membership is not None
        return submission_create(
            team=team,
            benchmark=self.benchmark,
            model=model,
            archive=archive or File(io.BytesIO(self.archive(program, name=model)), name="detector.tar"),
            contract="folder",
            threshold=0.5,
            trained_on=(),
            terms=1,
            by=membership.user,
        )

    def accept(self, program: Program = detect, *, model: str = "Detector", team: Team | None = None) -> Submission:
        """Through check and try-out, as the worker would take it."""
        submission = self.hand_in(program, model=model, team=team)
        submission_check(pk=submission.pk, engine=self.engine)
        submission_try_out(pk=submission.pk, engine=self.engine)
        submission.refresh_from_db()
        return submission

    def runs(self, submission: Submission) -> list[Run]:
        return list(Run.objects.filter(evaluation__submission=submission).order_by("hospital__slug"))

    def execute(self, submission: Submission) -> None:
        for run in self.runs(submission):
            run_execute(pk=run.pk, engine=self.engine)


def make_stage(folder: Path, *, team: Team, member: User) -> Stage:
    cohorts = []
    for slug in ("harbour", "lakeside", "sample"):
        hospital = Hospital.objects.create(slug=slug, name=slug.capitalize())
        sample = slug == "sample"
        path = folder / slug
        write_tiny_cohort(path, cases=2 if sample else CASES, hospital=slug)
        purpose = Cohort.Purpose.SAMPLE if sample else Cohort.Purpose.HELD_OUT
        cohorts.append(cohort_import(hospital=hospital, folder=path, by=None, purpose=purpose))
    benchmark = pancreas_benchmark_create(cohorts=cohorts[:2], sample=cohorts[2], demonstration=True)
    return Stage(benchmark=benchmark, team=team, member=member, engine=FakeEngine())
