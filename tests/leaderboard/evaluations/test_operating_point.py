"""The operating point is frozen on calibration patients before the first held-out run, once, and the same for all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client
from django.urls import reverse

from evaluator.container.fake_engine import FakeBox
from evaluator.records import Volume
from evaluator.statistics.operating_point import OperatingPoint, Status
from evaluator.volumes import read_volume, write_nifti
from leaderboard.accounts.models import User
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.evaluations.selectors import results_of
from leaderboard.evaluations.services import evaluation_cancel, run_cancel, run_execute, run_requeue
from leaderboard.hospitals.services import hospital_set_active
from leaderboard.rankings.services import snapshot_make
from leaderboard.submissions.models import Submission
from tests import factories
from tests.leaderboard.stage import Stage, crash

pytestmark = [pytest.mark.core]


@pytest.fixture
def calibrated(stage: Stage, tmp_path: Path) -> Stage:
    stage.calibrate(tmp_path / "northgate")
    return stage


def graded(box: FakeBox) -> int:
    """Likelihoods that tell scans apart: 0.02 for the first, 0.04 for the second …, and 0.5 more with a tumour."""
    for case in json.loads((box.input / "cases.json").read_text())["cases"]:
        scan = read_volume(box.input / case["ct"])
        number = int(scan.data[0, 0, 0]) - 100
        found = (np.abs(scan.data) < 50).astype(np.uint8)
        folder = box.output / case["id"]
        folder.mkdir()
        write_nifti(folder / "lesions.nii.gz", Volume(found, scan.grid))
        likelihood = 0.02 * (number + 1) + 0.5 * found.any()
        (folder / "prediction.json").write_text(json.dumps({"likelihood": float(likelihood)}))
    return 0


def parts(stage: Stage, submission: Submission) -> tuple[Run, list[Run]]:
    (calibration,) = Run.objects.filter(evaluation__submission=submission, calibrates=True)
    return calibration, [run for run in stage.runs(submission) if not run.calibrates]


@pytest.mark.django_db
def test_held_out_runs_wait_for_the_calibration(calibrated: Stage) -> None:
    submission = calibrated.accept(graded)
    calibration, held_out = parts(calibrated, submission)
    assert calibration.state == Run.State.QUEUED
    assert {run.state for run in held_out} == {Run.State.CALIBRATION}
    run_execute(pk=held_out[0].pk, engine=calibrated.engine)  # a bell that rang too early
    assert not CohortResult.objects.exists()

    run_execute(pk=calibration.pk, engine=calibrated.engine)
    evaluation = Evaluation.objects.get(submission=submission)
    # Negatives are the scans 1, 3, 5, 7 with 0.04, 0.08, 0.12, 0.16; k = ⌈5 · 0.8⌉ = 4.
    assert evaluation.threshold == pytest.approx(0.16)
    assert evaluation.operating_point is not None
    assert evaluation.operating_point["status"] == "locked"
    assert (evaluation.operating_point["k"], evaluation.operating_point["negatives"]) == (4, 4)
    assert {run.state for run in parts(calibrated, submission)[1]} == {Run.State.QUEUED}
    calibrated.execute(submission)
    evaluation.refresh_from_db()
    assert evaluation.state == Evaluation.State.DONE
    assert evaluation.locked_at is not None
    assert all(run.started and run.started > evaluation.locked_at for run in parts(calibrated, submission)[1])


@pytest.mark.django_db
def test_no_page_shows_more_than_two_digits_of_a_calibration_patients_likelihood(
    calibrated: Stage, member: User, client: Client
) -> None:
    submission = calibrated.accept(graded)
    calibrated.execute(submission)
    calibrated.execute(submission)
    evaluation = Evaluation.objects.get(submission=submission)
    assert evaluation.operating_point is not None
    exact = 0.1604321
    point = OperatingPoint(
        threshold=exact, status=Status.LOCKED, method="", alpha=0.2, confident=False, k=4, negatives=4
    )
    evaluation.operating_point |= {"threshold": exact, "sentence": point.sentence}
    evaluation.save()
    snapshot_make(benchmark=calibrated.benchmark)
    client.force_login(member)
    for name in ("evaluations:submission", "evaluations:state", "dashboards:card"):
        page = client.get(reverse(name, args=[submission.pk])).content.decode()
        assert "above 0.16" in page, name
        assert "0.1604" not in page, name


@pytest.mark.django_db
def test_results_carry_the_frozen_threshold_and_no_calibration_patient(calibrated: Stage) -> None:
    submission = calibrated.accept(graded)
    calibrated.execute(submission)
    calibrated.execute(submission)
    results = results_of(Evaluation.objects.get(submission=submission))
    assert results is not None
    assert results.submission.threshold == pytest.approx(0.16)
    assert results.submission.locked == "locked"
    assert [cohort.hospital for cohort in results.cohorts] == ["Harbour", "Lakeside"]
    snapshot = snapshot_make(benchmark=calibrated.benchmark)
    assert snapshot is not None
    (model,) = snapshot.report["models"]
    assert model["threshold"] == pytest.approx(0.16)
    assert model["operating_point"] == "locked"
    assert set(model["hospitals"]) == {"Harbour", "Lakeside"}
    assert model["overall"]["specificity"]["n"] == 8


@pytest.mark.django_db
def test_a_benchmark_without_calibration_takes_the_submissions_own(stage: Stage) -> None:
    submission = stage.accept()
    evaluation = Evaluation.objects.get(submission=submission)
    assert evaluation.threshold == 0.5
    assert evaluation.operating_point is not None
    assert evaluation.operating_point["status"] == "locked by the submission"
    assert {run.state for run in stage.runs(submission)} == {Run.State.QUEUED}


@pytest.mark.django_db
def test_scans_it_fails_on_count_as_the_highest(calibrated: Stage) -> None:
    """All calibration scans fail: the fourth smallest of four is a failed one, so nobody is flagged."""
    submission = calibrated.accept(graded)
    calibrated.engine.programs[submission.image] = crash
    calibration, _ = parts(calibrated, submission)
    run_execute(pk=calibration.pk, engine=calibrated.engine)
    evaluation = Evaluation.objects.get(submission=submission)
    assert evaluation.operating_point is not None
    assert (evaluation.threshold, evaluation.operating_point["failed"]) == (1.0, 4)


@pytest.mark.django_db
def test_without_its_calibration_an_evaluation_has_failed_and_goes_on_once_it_is_put_in_line(
    calibrated: Stage, organiser: User
) -> None:
    submission = calibrated.accept(graded)
    calibration, held_out = parts(calibrated, submission)
    run_cancel(run=calibration, by=organiser)
    evaluation = Evaluation.objects.get(submission=submission)
    assert evaluation.state == Evaluation.State.CANCELLED
    assert {run.state for run in parts(calibrated, submission)[1]} == {Run.State.CALIBRATION}
    run_requeue(run=calibration, by=organiser)
    evaluation.refresh_from_db()
    assert evaluation.state == Evaluation.State.QUEUED
    calibrated.execute(submission)
    calibrated.execute(submission)
    evaluation.refresh_from_db()
    assert evaluation.state == Evaluation.State.DONE
    assert len(held_out) == 2


@pytest.mark.django_db
def test_a_cancelled_held_out_run_waits_for_the_calibration_again(calibrated: Stage, organiser: User) -> None:
    submission = calibrated.accept(graded)
    _, (run, _) = parts(calibrated, submission)
    run_cancel(run=run, by=organiser)
    run.refresh_from_db()
    assert run.state == Run.State.CANCELLED
    assert run_requeue(run=run, by=organiser).state == Run.State.CALIBRATION
    evaluation_cancel(evaluation=Evaluation.objects.get(submission=submission), by=organiser)
    assert {run.state for run in calibrated.runs(submission)} == {Run.State.CANCELLED}


@pytest.mark.django_db
def test_a_hospital_that_is_off_is_waited_for_after_the_calibration(calibrated: Stage) -> None:
    submission = calibrated.accept(graded)
    calibration, (first, second) = parts(calibrated, submission)
    hospital_set_active(hospital=first.hospital, active=False, by=None)
    run_execute(pk=calibration.pk, engine=calibrated.engine)
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, second.state) == (Run.State.WAITING, Run.State.QUEUED)


@pytest.mark.django_db(transaction=True)
def test_evaluations_of_before_get_the_threshold_that_their_submission_declared() -> None:
    executor = MigrationExecutor(connection)
    newest = executor.loader.graph.leaf_nodes()
    submission = factories.SubmissionFactory.create(accepted=True, threshold=0.3)
    Evaluation.objects.create(submission=submission)
    try:
        executor.migrate([("evaluations", "0003_audit"), ("rankings", "0001_initial"), ("awards", "0001_initial")])
    finally:
        executor.loader.build_graph()
        executor.migrate(newest)
    evaluation = Evaluation.objects.get()
    assert evaluation.threshold == 0.3
    assert evaluation.operating_point is not None
    assert evaluation.operating_point["sentence"].startswith("Flagged above 0.3, locked by the submission")
    assert evaluation.locked_at == evaluation.created
