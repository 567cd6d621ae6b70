"""From a handed-in archive to a published ranking, every step as a worker takes it."""

from __future__ import annotations

import pytest
from pytest_django import DjangoCaptureOnCommitCallbacks

from evaluator.cohort import read_cohort
from leaderboard.evaluations.models import CohortResult, Evaluation, Run
from leaderboard.rankings.selectors import leaderboard
from leaderboard.rankings.services import snapshot_make
from leaderboard.submissions.models import Submission
from tests.leaderboard.stage import CASES, Stage, crash

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def test_an_archive_becomes_a_row_of_the_leaderboard(stage: Stage) -> None:
    submission = stage.accept()
    assert submission.state == Submission.State.ACCEPTED, (submission.reason, submission.try_out_log)
    assert submission.image.startswith("sha256:")
    assert "detector starts" in submission.try_out_log
    assert stage.benchmark.sample is not None
    sample = read_cohort(stage.benchmark.sample.path)
    assert [one["case"] for one in submission.try_out] == [case.record.case for case in sample.cases]
    with_cancer = [one for one in submission.try_out if one["cancer"]]
    assert with_cancer
    assert all(one["hit"] == one["lesions"] > 0 and one["failure"] == "" for one in with_cancer)
    assert all(check["ok"] for check in submission.checks)
    stage.execute(submission)
    evaluation = Evaluation.objects.get(submission=submission)
    assert evaluation.state == Evaluation.State.DONE
    assert [run.cases_done for run in stage.runs(submission)] == [CASES, CASES]
    snapshot_make(benchmark=stage.benchmark)
    (row,) = leaderboard(stage.benchmark).rows
    assert row.submission == submission
    assert row.entry.score == 1.0
    assert row.overall["t_sen"]["all"]["k"] == CASES


def test_bells_lead_from_step_to_step(
    stage: Stage, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks() as bells:
        submission = stage.accept()
        stage.execute(submission)
    assert len(bells) == 5  # check, try-out, a run at each of two hospitals, ranking


def test_what_crashes_in_the_try_out_is_refused_with_its_log_and_charged(stage: Stage) -> None:
    submission = stage.accept(crash)
    assert submission.state == Submission.State.REFUSED
    assert (submission.failure, submission.fault) == ("exit-code", "submission")
    assert "cannot find my weights" in submission.try_out_log
    assert {one["failure"] for one in submission.try_out} == {"exit-code"}
    assert not Evaluation.objects.exists()


def test_a_second_message_changes_nothing(stage: Stage) -> None:
    submission = stage.accept()
    stage.execute(submission)
    before = list(Run.objects.order_by("pk").values())
    stage.execute(submission)
    assert list(Run.objects.order_by("pk").values()) == before
    assert CohortResult.objects.count() == 2
