"""From archives handed in to a download that anybody computes again: nothing on the way is made up."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from evaluator.container.fake_engine import FakeBox
from leaderboard.rankings.models import Snapshot
from leaderboard.rankings.services import snapshot_make
from tests.evaluator.cli.shell import call
from tests.leaderboard.stage import Stage, detect

pytestmark = pytest.mark.django_db


def forgetful(box: FakeBox) -> int:
    """Finds what the detector finds, but says so of the first scan of each run only."""
    code = detect(box)
    for number, answer in enumerate(sorted(box.output.glob("*/prediction.json"))):
        likelihood = json.loads(answer.read_text())["likelihood"]
        answer.write_text(json.dumps({"likelihood": likelihood if number == 0 else 0.1}))
    return code


@pytest.fixture
def address(stage: Stage) -> str:
    for program, model in ((detect, "Detector"), (forgetful, "Forgetful")):
        stage.execute(stage.accept(program, model=model))
    snapshot_make(benchmark=stage.benchmark)
    return f"/leaderboard/{stage.benchmark.slug}/rankings/{Snapshot.objects.get().number}/snapshot.zip"


def download(client: Client, address: str, folder: Path) -> Path:
    response = client.get(address)
    assert response.status_code == 200
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        archive.extractall(folder)
    return folder


def verify(folder: Path) -> dict[str, Any]:
    answered = call("rank", "--verify", folder, "--json")
    found: dict[str, Any] = json.loads(answered.out)
    assert answered.code == (0 if found["identical"] else 3)
    return found


def test_a_final_ranking_of_real_runs_is_computed_again(
    address: str, stage: Stage, client: Client, tmp_path: Path
) -> None:
    assert client.get(address).status_code == 404
    call_command("publish_ranking", stage.benchmark.slug)
    folder = download(client, address, tmp_path / "ranking")
    found = verify(folder)
    assert (found["identical"], found["differences"]) == (True, [])

    first, second = json.loads((folder / "snapshot.json").read_text())["ranking"]["models"]
    # The detector is always right; the other finds what there is in the first scan of a batch and never cries wolf.
    assert first["score"] == 1.0
    assert 0 <= second["score"] < 1  # 0 where that scan is of a patient without cancer at both hospitals


def test_one_changed_answer_is_named(address: str, stage: Stage, client: Client, tmp_path: Path) -> None:
    call_command("publish_ranking", stage.benchmark.slug)
    folder = download(client, address, tmp_path / "ranking")
    table = folder / "patients.csv"
    header, first, *rest = table.read_text().splitlines()
    *before, last = first.split(",")
    table.write_text("\n".join([header, ",".join([*before, {"0": "1", "1": "0"}[last]]), *rest]) + "\n")
    found = verify(folder)
    assert found["identical"] is False
    where = {one["where"] for one in found["differences"]}
    assert "table_sha256" in where
    hospital = before[header.split(",").index("hospital")]
    assert any(one.startswith("ranking.models[") and f".hospitals.{hospital}.value" in one for one in where)


def test_nothing_of_the_hospitals_own_names_is_in_any_file(
    address: str, stage: Stage, client: Client, tmp_path: Path
) -> None:
    call_command("publish_ranking", stage.benchmark.slug)
    folder = download(client, address, tmp_path / "ranking")
    assert {file.name for file in folder.iterdir()} == {"README.txt", "snapshot.json", "patients.csv", "models.csv"}
    said = "".join(file.read_text() for file in folder.iterdir())
    assert "Harbour" in said
    for own in ("patient0", "case0", "cases.csv", "harbour"):
        assert own not in said


def test_operating_points_frozen_on_calibration_patients_are_computed_again_without_them(
    stage: Stage, client: Client, tmp_path: Path
) -> None:
    stage.calibrate(tmp_path / "northgate")
    for program, model in ((detect, "Detector"), (forgetful, "Forgetful")):
        submission = stage.accept(program, model=model)
        stage.execute(submission)  # the held-out runs wait for Northgate's, which is the last
        stage.execute(submission)
    snapshot = snapshot_make(benchmark=stage.benchmark)
    assert snapshot is not None
    call_command("publish_ranking", stage.benchmark.slug)
    folder = download(client, f"/leaderboard/{stage.benchmark.slug}/rankings/1/snapshot.zip", tmp_path / "ranking")
    found = verify(folder)
    assert (found["identical"], found["differences"]) == (True, [])

    record = json.loads((folder / "snapshot.json").read_text())
    assert set(record["panel"]) == {"Harbour", "Lakeside"}
    assert "Northgate" not in (folder / "patients.csv").read_text()
    calibrating = [name for name in record["inputs"] if name.endswith(", calibration")]
    assert len(calibrating) == 2  # one a submission, beside its two held-out results
    assert all("Northgate" in name for name in calibrating)
    assert len(record["inputs"]) == 6
    frozen = [one["operating_point"] for one in snapshot.inputs["submissions"]]
    assert {point["status"] for point in frozen} == {"locked"}
