"""Check and try-out: who holds a submission, whose fault an ending is, and what happens when a worker is gone."""

from __future__ import annotations

import gzip
import io
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files import File
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from evaluator.container.engine import ContainerSpec
from evaluator.container.fake_engine import FakeEngine
from evaluator.errors import PlatformFault
from leaderboard.accounts.models import User
from leaderboard.evaluations.models import Evaluation
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission
from leaderboard.submissions.selectors import quota
from leaderboard.submissions.services import (
    submission_check,
    submission_try_out,
    submission_withdraw,
    submissions_reconcile,
)
from tests.leaderboard.stage import Stage, detect

pytestmark = [pytest.mark.core]


class BrokenEngine(FakeEngine):
    def load_image(self, stream: Any) -> str:
        raise PlatformFault("The engine's disk is full.")


def later(submission: Submission) -> None:
    Submission.objects.filter(pk=submission.pk).update(next_attempt_at=timezone.now())


@pytest.mark.django_db
def test_a_file_that_is_no_archive_is_refused_and_costs_nothing(stage: Stage) -> None:
    submission = stage.hand_in()
    submission.archive_path.write_bytes(b"this is no image")
    submission_check(pk=submission.pk, engine=stage.engine)
    submission.refresh_from_db()
    assert (submission.state, submission.failure) == (Submission.State.REFUSED, "image-invalid")
    assert submission.reason
    assert submission.lease_token is None
    assert quota(team=stage.team, benchmark=stage.benchmark).used == 0


@pytest.mark.django_db
def test_an_image_that_came_before_in_another_archive_is_refused_by_its_digest(stage: Stage) -> None:
    first = stage.accept()
    packed = File(io.BytesIO(gzip.compress(stage.archive(name="Detector"))), name="detector.tar.gz")
    again = stage.hand_in(model="Again", archive=packed)
    submission_check(pk=again.pk, engine=stage.engine)
    again.refresh_from_db()
    assert (again.state, again.failure) == (Submission.State.REFUSED, "image-invalid")
    assert f"already: “{first.model}”" in again.reason
    assert f"/{first.pk}/. To hand it in anew" in again.next_step
    assert quota(team=stage.team, benchmark=stage.benchmark).used == 1


@pytest.mark.django_db
def test_our_own_fault_is_tried_again_later_and_never_charged(stage: Stage, settings: Settings) -> None:
    submission = stage.hand_in()
    for attempt in range(1, settings.MAX_ATTEMPTS + 1):
        submission_check(pk=submission.pk, engine=BrokenEngine())
        submission.refresh_from_db()
        assert submission.attempt == attempt
        if attempt < settings.MAX_ATTEMPTS:
            assert submission.state == Submission.State.UPLOADED
            assert submission.next_attempt_at is not None
            assert submission.next_attempt_at > timezone.now()
            submission_check(pk=submission.pk, engine=stage.engine)  # too early: nothing happens
            submission.refresh_from_db()
            assert submission.attempt == attempt
            later(submission)
    assert (submission.state, submission.fault) == (Submission.State.REFUSED, "platform")
    assert "disk is full" in submission.reason
    assert quota(team=stage.team, benchmark=stage.benchmark).used == 0


@pytest.mark.django_db
def test_an_attempt_that_succeeds_leaves_no_trace_of_those_that_did_not(stage: Stage) -> None:
    submission = stage.hand_in()
    submission_check(pk=submission.pk, engine=BrokenEngine())
    later(submission)
    submission_check(pk=submission.pk, engine=stage.engine)
    submission.refresh_from_db()
    assert submission.state == Submission.State.TRYING_OUT
    assert (submission.failure, submission.reason, submission.next_attempt_at) == ("", "", None)


@pytest.mark.django_db
def test_a_submission_whose_worker_is_gone_waits_again_and_is_rung_for(
    stage: Stage, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    submission = stage.hand_in()
    gone = {"lease_token": uuid4(), "lease_until": timezone.now() - timedelta(seconds=1)}
    Submission.objects.filter(pk=submission.pk).update(state=Submission.State.CHECKING, attempt=1, **gone)
    with django_capture_on_commit_callbacks() as bells:
        submissions_reconcile()
        submissions_reconcile()  # rung for just now: not again
    assert len(bells) == 1
    submission.refresh_from_db()
    assert (submission.state, submission.lease_token) == (Submission.State.UPLOADED, None)


@pytest.mark.django_db
def test_a_submission_that_outlives_every_worker_is_given_up_uncharged(stage: Stage, settings: Settings) -> None:
    submission = stage.hand_in()
    gone = {"lease_token": uuid4(), "lease_until": timezone.now() - timedelta(seconds=1)}
    Submission.objects.filter(pk=submission.pk).update(
        state=Submission.State.CHECKING, attempt=settings.MAX_ATTEMPTS, **gone
    )
    submissions_reconcile()
    submission.refresh_from_db()
    assert (submission.state, submission.fault) == (Submission.State.REFUSED, "platform")


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_changes_nothing_any_more(stage: Stage) -> None:
    submission = stage.hand_in()
    submission_check(pk=submission.pk, engine=stage.engine)

    rows = Submission.objects.filter(pk=submission.pk)

    class WithdrawnMeanwhile(FakeEngine):
        def start(self, spec: ContainerSpec) -> None:
            rows.update(state=Submission.State.WITHDRAWN, lease_token=None, lease_until=None)
            super().start(spec)

    submission.refresh_from_db()
    engine = WithdrawnMeanwhile({submission.image: detect})
    submission_try_out(pk=submission.pk, engine=engine)
    submission.refresh_from_db()
    assert submission.state == Submission.State.WITHDRAWN
    assert not Evaluation.objects.exists()


@pytest.mark.django_db
def test_what_was_refused_cannot_be_withdrawn(stage: Stage, member: User) -> None:
    submission = stage.accept()
    withdrawn = submission_withdraw(submission=submission, by=member)
    assert withdrawn.state == Submission.State.WITHDRAWN
    with pytest.raises(Refusal, match="cannot be withdrawn"):
        submission_withdraw(submission=withdrawn, by=member)


def at_once(act: Callable[[], None], *, threads: int = 6) -> None:
    start = threading.Barrier(threads)

    def work() -> None:
        start.wait()
        try:
            act()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


@pytest.mark.django_db(transaction=True)
def test_of_six_workers_that_look_at_once_one_checks(stage: Stage) -> None:
    submission = stage.hand_in()
    at_once(lambda: submission_check(pk=submission.pk, engine=stage.engine))
    submission.refresh_from_db()
    assert (submission.state, submission.attempt) == (Submission.State.TRYING_OUT, 0)
    assert len(stage.engine.images) == 1
    at_once(lambda: submission_try_out(pk=submission.pk, engine=stage.engine))
    submission.refresh_from_db()
    assert (submission.state, submission.attempt) == (Submission.State.ACCEPTED, 1)
    assert len(stage.engine.started) == 1
