"""Runs: who holds them, what stops them, what is tried again, and that nothing is counted twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from evaluator.container.engine import ContainerSpec
from evaluator.container.fake_engine import FakeBox, FakeEngine
from evaluator.errors import PlatformFault
from leaderboard.accounts.models import User
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.evaluations.services import (
    evaluation_cancel,
    evaluation_create,
    evaluations_reconcile,
    run_cancel,
    run_execute,
    run_requeue,
)
from leaderboard.evaluations.services.nulls import nulls_reconcile
from leaderboard.hospitals.models import Hospital
from leaderboard.hospitals.services import hospital_set_active
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_withdraw
from tests.leaderboard.stage import CASES, Stage, detect

pytestmark = [pytest.mark.core]


class ActingEngine(FakeEngine):
    """Does something to the platform while a container starts."""

    def __init__(self, image: str, act: Callable[[], None]) -> None:
        super().__init__({image: slow})
        self.act = act

    def start(self, spec: ContainerSpec) -> None:
        self.act()
        super().start(spec)


class BrokenEngine(FakeEngine):
    def start(self, spec: ContainerSpec) -> None:
        raise PlatformFault("The engine does not answer.")


def slow(box: FakeBox) -> int:
    box.sleep(60)
    return detect(box)


def sometimes(box: FakeBox) -> int:
    """Crashes on the first case it is given; the rest run in a new container."""
    detect(box)
    first = sorted(folder for folder in box.output.iterdir())[0]
    (first / "prediction.json").unlink()
    return 1


def now(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(next_attempt_at=timezone.now())


@pytest.mark.django_db
def test_a_case_that_fails_by_the_submissions_fault_costs_that_case(stage: Stage) -> None:
    submission = stage.accept()
    stage.engine.programs[submission.image] = sometimes
    run = stage.runs(submission)[0]
    run_execute(pk=run.pk, engine=stage.engine)
    run.refresh_from_db()
    assert run.state == Run.State.DONE
    cases = run.cohort_result.payload["cohorts"][0]["cases"]
    assert len(cases) == CASES
    assert 1 <= sum(case["failure"] is not None for case in cases) < CASES


@pytest.mark.django_db
def test_the_platforms_fault_is_tried_again_and_fails_the_run_at_last(stage: Stage, settings: Settings) -> None:
    submission = stage.accept()
    run = stage.runs(submission)[0]
    engine = BrokenEngine(stage.engine.programs)
    for attempt in range(1, settings.MAX_ATTEMPTS + 1):
        run_execute(pk=run.pk, engine=engine)
        run.refresh_from_db()
        assert (run.attempt, run.fault, run.lease_token) == (attempt, "platform", None)
        if attempt < settings.MAX_ATTEMPTS:
            assert run.state == Run.State.QUEUED
            run_execute(pk=run.pk, engine=stage.engine)  # too early: nothing happens
            assert not CohortResult.objects.exists()
            now(run)
    assert run.state == Run.State.FAILED
    assert "does not answer" in run.reason


@pytest.mark.django_db
def test_an_engine_that_does_not_answer_costs_no_attempt_of_what_has_not_begun(
    stage: Stage, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.runs(stage.accept())[0]
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:9")  # nobody: the port of what discards all
    for _ in range(settings.MAX_ATTEMPTS + 1):
        run_execute(pk=run.pk)
        run.refresh_from_db()
        assert (run.state, run.attempt, run.failure, run.lease_token) == (Run.State.QUEUED, 0, "", None)
        assert "not ready" in run.reason
        assert run.next_attempt_at is not None
        now(run)
    run_execute(pk=run.pk, engine=stage.engine)
    run.refresh_from_db()
    assert (run.state, run.attempt, run.reason) == (Run.State.DONE, 1, "")


@pytest.mark.django_db
def test_a_cohort_that_was_changed_is_the_hospitals_fault(stage: Stage) -> None:
    submission = stage.accept()
    run = stage.runs(submission)[0]
    first, second = sorted((run.cohort.path / "references").glob("*/lesions.nii.gz"))[:2]
    first.write_bytes(second.read_bytes() + b"\0")
    run_execute(pk=run.pk, engine=stage.engine)
    run.refresh_from_db()
    assert (run.state, run.failure, run.fault) == (Run.State.QUEUED, "cohort-changed", "hospital")


@pytest.mark.django_db
def test_an_image_that_is_gone_from_the_engine_is_loaded_again(stage: Stage) -> None:
    submission = stage.accept()
    fresh = FakeEngine()
    fresh.programs[submission.image] = detect
    run = stage.runs(submission)[0]
    run_execute(pk=run.pk, engine=fresh)
    run.refresh_from_db()
    assert run.state == Run.State.DONE, run.reason


@pytest.mark.django_db
def test_a_failed_run_is_put_in_line_again_and_its_evaluation_with_it(stage: Stage, organiser: User) -> None:
    submission = stage.accept()
    failed, other = stage.runs(submission)
    run_execute(pk=other.pk, engine=stage.engine)
    Run.objects.filter(pk=failed.pk).update(attempt=2)
    run_execute(pk=failed.pk, engine=BrokenEngine(stage.engine.programs))
    evaluation = Evaluation.objects.get()
    assert evaluation.state == Evaluation.State.FAILED
    failed.refresh_from_db()
    run_requeue(run=failed, by=organiser)
    evaluation.refresh_from_db()
    assert evaluation.state == Evaluation.State.RUNNING
    run_execute(pk=failed.pk, engine=stage.engine)
    evaluation.refresh_from_db()
    assert evaluation.state == Evaluation.State.DONE
    other.refresh_from_db()
    with pytest.raises(Refusal, match="cannot be put in line"):
        run_requeue(run=other, by=organiser)


@pytest.mark.django_db
def test_a_run_in_line_is_cancelled_at_once(stage: Stage, member: User) -> None:
    submission = stage.accept()
    evaluation_cancel(evaluation=Evaluation.objects.get(), by=member)
    assert {run.state for run in stage.runs(submission)} == {Run.State.CANCELLED}
    assert Evaluation.objects.get().state == Evaluation.State.CANCELLED
    stage.execute(submission)
    assert not CohortResult.objects.exists()
    with pytest.raises(Refusal, match="cannot be cancelled"):
        run_cancel(run=stage.runs(submission)[0], by=member)


@pytest.mark.django_db
def test_a_running_run_is_cancelled_with_its_container(stage: Stage, member: User, settings: Settings) -> None:
    settings.HEARTBEAT_SECONDS = 0.1
    submission = stage.accept()
    run = stage.runs(submission)[0]

    def cancel() -> None:
        run_cancel(run=run, by=member)

    engine = ActingEngine(submission.image, cancel)
    run_execute(pk=run.pk, engine=engine)
    run.refresh_from_db()
    assert (run.state, run.failure) == (Run.State.CANCELLED, "cancelled")
    assert engine.containers == {}


@pytest.mark.django_db
def test_withdrawing_a_submission_cancels_its_runs(stage: Stage, member: User) -> None:
    submission = stage.accept()
    submission_withdraw(submission=submission, by=member)
    assert {run.state for run in stage.runs(submission)} == {Run.State.WITHDRAWN}
    assert Evaluation.objects.get().state == Evaluation.State.WITHDRAWN


@pytest.mark.django_db
def test_a_hospital_that_is_switched_off_runs_nothing_until_it_is_on(
    stage: Stage, organiser: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    hospital = Hospital.objects.get(slug="harbour")
    hospital_set_active(hospital=hospital, active=False, by=organiser)
    submission = stage.accept()
    waiting, other = stage.runs(submission)
    assert (waiting.state, other.state) == (Run.State.WAITING, Run.State.QUEUED)
    stage.execute(submission)
    waiting.refresh_from_db()
    assert waiting.state == Run.State.WAITING
    with django_capture_on_commit_callbacks() as bells:
        hospital_set_active(hospital=hospital, active=True, by=organiser)
    assert len(bells) == 1
    stage.execute(submission)
    assert Evaluation.objects.get().state == Evaluation.State.DONE


@pytest.mark.django_db
def test_switching_a_hospital_off_stops_what_runs_there_without_costing_an_attempt(
    stage: Stage, organiser: User, settings: Settings
) -> None:
    settings.HEARTBEAT_SECONDS = 0.1
    submission = stage.accept()
    run = stage.runs(submission)[0]

    def off() -> None:
        hospital_set_active(hospital=run.hospital, active=False, by=organiser)

    engine = ActingEngine(submission.image, off)
    run_execute(pk=run.pk, engine=engine)
    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.WAITING, 0)
    assert engine.containers == {}


@pytest.mark.django_db
def test_a_run_whose_worker_is_gone_is_in_line_again(
    stage: Stage, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    submission = stage.accept()
    run = stage.runs(submission)[0]
    evaluations_reconcile()  # null submissions are rung for, once in a while
    gone = {"lease_token": uuid4(), "lease_until": timezone.now() - timedelta(seconds=1)}
    Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING, attempt=1, **gone)
    nulls_reconcile()  # their bells are rung, and not again for a while
    with django_capture_on_commit_callbacks() as bells:
        evaluations_reconcile()
        evaluations_reconcile()
    assert len(bells) == 1
    run.refresh_from_db()
    assert run.state == Run.State.QUEUED
    run_execute(pk=run.pk, engine=stage.engine)
    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.DONE, 2)


@pytest.mark.django_db
def test_a_run_that_outlives_every_worker_fails_as_the_platforms_fault(stage: Stage, settings: Settings) -> None:
    run = stage.runs(stage.accept())[0]
    gone = {"lease_token": uuid4(), "lease_until": timezone.now() - timedelta(seconds=1)}
    Run.objects.filter(pk=run.pk).update(state=Run.State.SCORING, attempt=settings.MAX_ATTEMPTS, **gone)
    evaluations_reconcile()
    run.refresh_from_db()
    assert (run.state, run.fault) == (Run.State.FAILED, "platform")


@pytest.mark.django_db
def test_a_result_that_comes_after_the_lease_is_lost_is_dropped(stage: Stage) -> None:
    submission = stage.accept()
    run = stage.runs(submission)[0]

    def taken_over() -> None:
        until = timezone.now() + timedelta(hours=1)
        Run.objects.filter(pk=run.pk).update(lease_token=uuid4(), lease_until=until, worker="another")

    engine = ActingEngine(submission.image, taken_over)
    engine.programs[submission.image] = detect
    run_execute(pk=run.pk, engine=engine)
    run.refresh_from_db()
    assert (run.state, run.worker) == (Run.State.RUNNING, "another")
    assert not CohortResult.objects.exists()


@pytest.mark.django_db
def test_an_accepted_submission_without_an_evaluation_gets_one(stage: Stage) -> None:
    submission = stage.accept()
    Evaluation.objects.all().delete()
    evaluations_reconcile()
    assert len(stage.runs(submission)) == 2
    evaluation_create(submission_id=submission.pk)
    assert len(stage.runs(submission)) == 2


@pytest.mark.django_db(transaction=True)
def test_of_six_workers_that_look_at_once_one_runs(stage: Stage) -> None:
    submission = stage.accept()
    run = stage.runs(submission)[0]
    before = len(stage.engine.started)
    start = threading.Barrier(6)

    def work() -> None:
        start.wait()
        try:
            run_execute(pk=run.pk, engine=stage.engine)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run.refresh_from_db()
    assert (run.state, run.attempt) == (Run.State.DONE, 1)
    assert CohortResult.objects.count() == 1
    assert len(stage.engine.started) == before + 2  # a canary, and the rest
    assert Submission.objects.get().state == Submission.State.ACCEPTED
