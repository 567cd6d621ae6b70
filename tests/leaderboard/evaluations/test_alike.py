"""Organisers are told of one answer for all scans, and of answers that several teams share; teams are not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from evaluator.container.fake_engine import FakeBox
from evaluator.records import Volume
from evaluator.volumes import read_volume, write_nifti
from leaderboard.accounts.models import User
from leaderboard.evaluations.models import CohortResult
from leaderboard.evaluations.selectors import alike
from leaderboard.submissions.services import submission_check, submission_try_out
from tests import factories
from tests.leaderboard.stage import Stage, detect

pytestmark = pytest.mark.django_db


def always(box: FakeBox) -> int:
    for case in json.loads((box.input / "cases.json").read_text())["cases"]:
        scan = read_volume(box.input / case["ct"])
        folder = box.output / case["id"]
        folder.mkdir()
        write_nifti(folder / "lesions.nii.gz", Volume(np.zeros(scan.data.shape, np.uint8), scan.grid))
        (folder / "prediction.json").write_text('{"likelihood": 0.5}')
    return 0


def again(box: FakeBox) -> int:
    """Another program, the same answers."""
    return detect(box)


def test_one_answer_for_all_scans_is_told_to_organisers(stage: Stage, client: Client, organiser: User) -> None:
    stage.execute(stage.accept(always, model="Always"))
    stage.execute(stage.accept(detect, model="Detector"))
    assert [(one.what, len(one.results)) for one in alike()] == [("one answer for all scans", 1)] * 2  # hospitals
    client.force_login(organiser)
    assert "One answer for all scans" in client.get(reverse("evaluations:operations")).content.decode()


def test_answers_that_two_teams_share_are_told_and_those_of_one_team_are_not(stage: Stage, rival: User) -> None:
    stage.execute(stage.accept(detect, model="Detector"))
    stage.execute(stage.accept(again, model="Detector again"))
    assert alike() == []
    copied = stage.hand_in(again, model="Copied", team=rival.teams.get())
    submission_check(pk=copied.pk, engine=stage.engine)
    submission_try_out(pk=copied.pk, engine=stage.engine)
    stage.execute(copied)
    found = alike()
    assert [one.what for one in found] == ["the same answers, scan by scan"] * 2
    assert [[row.run.evaluation.submission.model for row in one.results] for one in found] == [
        ["Detector", "Detector again", "Copied"]
    ] * 2
    assert not CohortResult.objects.filter(constant=True).exists()


def test_rows_without_results_are_nothing(stage: Stage) -> None:
    factories.make_done(factories.SubmissionFactory.create(benchmark=stage.benchmark, accepted=True))
    assert alike() == []
