"""A team's own programs against a real server: `evaluator submit` and `status`, and an upload that is interrupted."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer
from typer.testing import CliRunner, Result

from evaluator.cli import app, site
from leaderboard.accounts.models import Team
from leaderboard.accounts.tokens import token_create
from leaderboard.api.description import DESCRIPTION
from leaderboard.submissions.models import Submission, Upload
from leaderboard.submissions.services import submission_check, submission_try_out
from tests.evaluator.container.archive_builder import member, tar_of
from tests.leaderboard.stage import Stage, crash

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def environment(live_server: LiveServer, team: Team, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    token = token_create(user=team.members.get(), name="laptop", scopes=["read", "submit"], days=30)
    monkeypatch.setenv("LEADERBOARD_URL", live_server.url)
    monkeypatch.setenv("LEADERBOARD_TOKEN", token)


def evaluator(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def submit(archive: Path, folder: Path, *more: object) -> Result:
    return evaluator("submit", archive, "--model", "Detector", "--agree", 1, "--state", folder, *more)


@pytest.fixture
def archive(tmp_path: Path, stage: Stage) -> Path:
    path = tmp_path / "detector.tar"
    path.write_bytes(stage.archive())
    return path


def test_a_team_hands_in_from_its_own_machine_and_sees_how_it_goes(
    environment: None, stage: Stage, archive: Path, tmp_path: Path
) -> None:
    handed_in = submit(archive, tmp_path, "--trained-on", "harbour", "--json")
    assert handed_in.exit_code == 0, handed_in.output
    told = json.loads(handed_in.stdout)
    submission = Submission.objects.get()
    assert (told["id"], told["state"]) == (str(submission.pk), "uploaded")
    assert submission.archive_path.read_bytes() == archive.read_bytes()
    submission_check(pk=submission.pk, engine=stage.engine)
    submission_try_out(pk=submission.pk, engine=stage.engine)
    stage.execute(submission)
    watched = evaluator("status", submission.pk, "--watch")
    assert watched.exit_code == 0
    assert f"Detector ({submission.pk}): accepted" in watched.stdout
    assert "lakeside: done" in watched.stdout
    assert "Detector" in evaluator("status").stdout


def test_weights_are_sent_beside_the_image_and_looked_at_first(
    environment: None, archive: Path, tmp_path: Path
) -> None:
    weights = tmp_path / "weights.tar"
    weights.write_bytes(b"no tar")
    refused = submit(archive, tmp_path, "--weights", weights)
    assert type(refused.exception).__name__ == "ImageRefused"
    assert not Upload.objects.exists()
    weights.write_bytes(tar_of([(member("model.pt", b"weights"), b"weights")]))
    done = submit(archive, tmp_path, "--weights", weights)
    assert done.exit_code == 0, done.output
    submission = Submission.objects.get()
    assert submission.weights_path.read_bytes() == weights.read_bytes()


def test_a_refused_submission_is_told_with_its_log_and_its_exit_code(
    environment: None, stage: Stage, tmp_path: Path
) -> None:
    archive = tmp_path / "detector.tar"
    archive.write_bytes(stage.archive(crash))
    submit(archive, tmp_path)
    submission = Submission.objects.get()
    submission_check(pk=submission.pk, engine=stage.engine)
    submission_try_out(pk=submission.pk, engine=stage.engine)
    told = evaluator("status", submission.pk)
    assert "cannot find my weights" in told.stdout
    assert type(told.exception).__name__ == "SubmissionFault"


def test_an_upload_that_breaks_off_goes_on_where_it_stopped(
    environment: None, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first try ends after two pieces, as if the machine had been switched off."""
    monkeypatch.setattr(site, "PIECE", archive.stat().st_size // 5)
    send, sent = site.Site.upload, []

    def switched_off(self: site.Site, path: Path, **given: object) -> str:
        def advance(count: int) -> None:
            sent.append(count)
            if len(sent) == 3:
                raise KeyboardInterrupt

        return send(self, path, **(given | {"advance": advance}))  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(site.Site, "upload", switched_off)
        assert submit(archive, tmp_path).exit_code == 130
    upload = Upload.objects.get()
    assert 0 < upload.offset < upload.size
    finished = submit(archive, tmp_path)
    assert finished.exit_code == 0, finished.output
    submission = Submission.objects.get()
    assert submission.archive_path.read_bytes() == archive.read_bytes()
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--agree", "0"], "Version 1 of the terms"),
        (["--benchmark", "nothing-such"], "No such benchmark"),
        (["--team", "rivals"], "in no team"),
        (["--trained-on", "atlantis"], "no hospital"),
        (["--to", "ftp://nowhere"], "no address"),
        (["--to", "http://127.0.0.1:9"], "does not answer"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    environment: None, archive: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    refused = submit(archive, tmp_path, *words)
    assert refused.exit_code != 0
    assert said in str(refused.exception)


def test_without_a_token_the_way_to_one_is_said(
    environment: None, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LEADERBOARD_TOKEN")
    assert "under Profile" in str(submit(archive, tmp_path).exception)
    monkeypatch.setenv("LEADERBOARD_TOKEN", "cil_guessed")
    assert "Who asks?" in str(submit(archive, tmp_path).exception)


def test_the_example_of_the_interfaces_page_does_what_it_says(
    environment: None, live_server: LiveServer, team: Team, archive: Path, tmp_path: Path
) -> None:
    lines = [line[4:] for line in DESCRIPTION.splitlines() if line.startswith("    ")]
    script = "\n".join(lines).replace("my-team", team.slug)
    archive.rename(tmp_path / "my-detector.tar.gz")
    told = {"SITE": live_server.url, "TOKEN": os.environ["LEADERBOARD_TOKEN"], "PATH": os.environ["PATH"]}
    done = subprocess.run(["bash", "-euc", script], cwd=tmp_path, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    submission = Submission.objects.get(model="My model")
    assert json.loads(done.stdout)["id"] == str(submission.pk)
    assert submission.archive_path.read_bytes() == (tmp_path / "my-detector.tar.gz").read_bytes()
