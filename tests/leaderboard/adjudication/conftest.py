"""A stage whose scans can be looked at, and two teams whose detectors cry wolf at the same place."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from django.test import Client

from evaluator.container.fake_engine import FakeBox
from evaluator.records import Volume
from evaluator.volumes import read_volume, write_nifti
from leaderboard.accounts.models import Team, User
from leaderboard.accounts.services import team_add
from leaderboard.adjudication.models import Search
from leaderboard.adjudication.services import search_run
from leaderboard.hospitals.models import Case, Hospital
from leaderboard.rankings.services import rankings_reconcile
from tests import factories
from tests.leaderboard.stage import Stage

WOLF = (slice(16, 20), slice(16, 20), slice(8, 10))  # its centre: 35, 35, 17 mm; the nearest lesion ends 16 mm off


def cry_wolf(box: FakeBox) -> int:
    """Tumours, and one place in every scan where there is nothing."""
    for case in json.loads((box.input / "cases.json").read_text())["cases"]:
        scan = read_volume(box.input / case["ct"])
        found = (np.abs(scan.data) < 50).astype(np.uint8)
        found[WOLF] = 2
        folder = box.output / case["id"]
        folder.mkdir()
        write_nifti(folder / "lesions.nii.gz", Volume(found, scan.grid))
        (folder / "prediction.json").write_text(json.dumps({"likelihood": 0.9}))
    return 0


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Two hospitals of eight scans, and who may look: the steward of the first, an organiser, and nobody else."""

    stage: Stage
    hospital: Hospital
    other: Hospital
    steward: User
    organiser: User

    def case(self, name: str = "case00", *, at: Hospital | None = None) -> Case:
        return Case.objects.select_related("cohort__hospital").get(cohort__hospital=at or self.hospital, case=name)

    def as_(self, user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client


@pytest.fixture
def gallery(stage: Stage, organiser: User) -> Gallery:
    hospital, other = Hospital.objects.get(slug="harbour"), Hospital.objects.get(slug="lakeside")
    steward = factories.UserFactory.create(email="steward@example.org", name="Stig Steward")
    hospital.stewards.add(steward)
    return Gallery(stage=stage, hospital=hospital, other=other, steward=steward, organiser=organiser)


@pytest.fixture
def agreeing(gallery: Gallery) -> Gallery:
    """The same after a ranking of two teams that agree, looked through."""
    rivals: Team = factories.TeamFactory.create(name="Wolves", slug="wolves")
    team_add(team=rivals, user=factories.UserFactory.create())
    for team, model in ((gallery.stage.team, "Careful"), (rivals, "Wolf")):
        submission = gallery.stage.accept(cry_wolf, model=model, team=team)
        gallery.stage.execute(submission)
    rankings_reconcile()
    search_run(pk=Search.objects.get().pk)
    return gallery
