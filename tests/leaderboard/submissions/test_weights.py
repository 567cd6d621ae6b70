"""Weights that are handed in beside their image: one image from the check on, and nothing lost on the way."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files import File
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from evaluator.container.archive import read_archive
from evaluator.container.fake_engine import FakeEngine, Program
from evaluator.container.weights import join_weights
from evaluator.errors import PlatformFault
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Submission, Upload
from leaderboard.submissions.selectors import quota
from leaderboard.submissions.services import (
    submission_check,
    submission_create,
    submission_try_out,
    upload_append,
    upload_begin,
)
from tests.evaluator.container.archive_builder import member as entry
from tests.evaluator.container.archive_builder import tar_of
from tests.leaderboard.stage import Stage, detect

pytestmark = [pytest.mark.django_db, pytest.mark.core]

WEIGHTS = tar_of([(entry("model.pt", b"weights"), b"weights")])
LINK = tar_of([(entry("model.pt", kind=tarfile.SYMTYPE, target="/etc/passwd"), b"")])


class BrokenEngine(FakeEngine):
    def load_image(self, stream: Any) -> str:
        raise PlatformFault("The engine's disk is full.")


def file(data: bytes, name: str) -> File[bytes]:
    return File(io.BytesIO(data), name=name)


def hand_in(stage: Stage, weights: Any = WEIGHTS, *, model: str = "Detector", archive: Any = None) -> Submission:
    return submission_create(
        team=stage.team,
        benchmark=stage.benchmark,
        model=model,
        archive=archive or file(stage.archive(name="detector"), "detector.tar"),
        weights=file(weights, "weights.tar") if isinstance(weights, bytes) else weights,
        contract="folder",
        threshold=0.5,
        trained_on=(),
        terms=1,
        by=stage.member,
    )


def joined(stage: Stage, folder: Path, weights: bytes = WEIGHTS, program: Program = detect) -> str:
    """The digest that image and weights have together; the engine runs ``program`` for it."""
    (folder / "image").write_bytes(stage.archive(name="detector"))
    (folder / "weights").write_bytes(weights)
    join_weights(folder / "image", folder / "weights", out=folder / "joined")
    digest = read_archive(folder / "joined").digest
    stage.engine.programs[digest] = program
    return digest


def checked(stage: Stage, submission: Submission, engine: FakeEngine | None = None) -> Submission:
    submission_check(pk=submission.pk, engine=engine or stage.engine)
    submission.refresh_from_db()
    return submission


def kept(settings: Settings) -> list[str]:
    return sorted(path.suffix for path in (settings.DATA / "archives").iterdir())


def test_image_and_weights_are_one_image_from_the_check_on(stage: Stage, tmp_path: Path, settings: Settings) -> None:
    digest = joined(stage, tmp_path)
    submission = hand_in(stage)
    assert (submission.weights_bytes, submission.weights_sha256) == (len(WEIGHTS), hashlib.sha256(WEIGHTS).hexdigest())
    assert kept(settings) == [".tar", ".weights"]
    checked(stage, submission)
    assert (submission.state, submission.image) == (Submission.State.TRYING_OUT, digest)
    assert submission.checks[0]["check"] == "weights"
    assert "1 file of 7 bytes at /opt/ml/model" in submission.checks[0]["detail"]
    assert kept(settings) == [".tar"]
    assert read_archive(submission.archive_path).digest == digest
    assert submission.stored_sha256 == hashlib.sha256(submission.archive_path.read_bytes()).hexdigest()
    submission_try_out(pk=submission.pk, engine=stage.engine)
    submission.refresh_from_db()
    assert submission.state == Submission.State.ACCEPTED


def test_weights_that_are_none_are_refused_in_words_and_cost_nothing(stage: Stage, settings: Settings) -> None:
    submission = checked(stage, hand_in(stage, LINK))
    assert (submission.state, submission.failure) == (Submission.State.REFUSED, "image-invalid")
    assert "symbolic link" in submission.reason
    assert "--dereference" in submission.next_step
    assert quota(team=stage.team, benchmark=stage.benchmark).used == 0
    assert kept(settings) == [".tar"]


def test_a_check_that_the_platform_broke_goes_on_with_the_weights(
    stage: Stage, tmp_path: Path, settings: Settings
) -> None:
    digest = joined(stage, tmp_path)
    submission = checked(stage, hand_in(stage), BrokenEngine())
    assert (submission.state, submission.failure) == (Submission.State.UPLOADED, "platform-error")
    assert kept(settings) == [".tar", ".weights"]
    Submission.objects.update(next_attempt_at=None)
    checked(stage, submission)
    assert (submission.state, submission.image) == (Submission.State.TRYING_OUT, digest)
    assert kept(settings) == [".tar"]


def test_the_same_image_with_other_weights_is_another_model(stage: Stage) -> None:
    checked(stage, hand_in(stage))
    checked(stage, hand_in(stage, None, model="Without"))
    other = checked(stage, hand_in(stage, tar_of([(entry("model.pt", b"new"), b"new")]), model="New weights"))
    assert other.state == Submission.State.TRYING_OUT
    assert len(set(Submission.objects.values_list("image", flat=True))) == 3


def test_the_same_image_with_the_same_weights_is_refused(stage: Stage) -> None:
    checked(stage, hand_in(stage))
    with pytest.raises(Refusal, match="This archive is in"):
        hand_in(stage, model="Again")
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        archive.addfile(entry("./model.pt", b"weights"), io.BytesIO(b"weights"))
    again = checked(stage, hand_in(stage, packed.getvalue(), model="Packed anew"))
    assert (again.state, again.image) == (Submission.State.REFUSED, "")
    assert "already" in again.reason


@pytest.mark.parametrize(("weights", "said"), [(b"", "weights is empty"), (WEIGHTS * 40, "larger")])
def test_nothing_is_kept_of_what_is_refused(stage: Stage, settings: Settings, weights: bytes, said: str) -> None:
    settings.LARGEST_ARCHIVE = 2 * len(stage.archive())
    with pytest.raises(Refusal, match=said):
        hand_in(stage, weights)
    assert not Submission.objects.exists()
    assert kept(settings) == []


def uploaded(stage: Stage, data: bytes, *, whole: bool = True) -> Upload:
    upload = upload_begin(by=stage.member, name="weights.tar", size=len(data))
    return upload_append(upload=upload, offset=0, pieces=[data if whole else data[:-1]])


def test_two_uploads_are_handed_in_together_or_stay(stage: Stage, settings: Settings) -> None:
    image, half = uploaded(stage, stage.archive(name="detector")), uploaded(stage, WEIGHTS, whole=False)
    with pytest.raises(Refusal, match="bytes are here"):
        hand_in(stage, half, archive=image)
    assert (kept(settings), Upload.objects.count(), image.path.exists()) == ([], 2, True)
    upload_append(upload=half, offset=len(WEIGHTS) - 1, pieces=[WEIGHTS[-1:]])
    hand_in(stage, half, archive=image)
    assert (kept(settings), Upload.objects.count()) == ([".tar", ".weights"], 0)


def form(stage: Stage, **changes: Any) -> dict[str, Any]:
    given = {"team": stage.team.pk, "benchmark": stage.benchmark.pk, "model": "Detector", "contract": "folder"}
    return given | {"threshold": "0.4", "public": "on", "terms": "1"} | changes


def test_the_form_takes_both_and_says_what_is_here_already(client: Client, stage: Stage) -> None:
    client.force_login(stage.member)
    address = reverse("submissions:submit")
    image, weights = uploaded(stage, stage.archive(name="detector")), uploaded(stage, WEIGHTS)
    refused = client.post(address, form(stage, upload=image.pk, weights_upload=weights.pk, terms=""))
    assert refused.status_code == 422
    assert refused.content.decode().count("is here already and need not be sent again") == 2
    same = client.post(address, form(stage, upload=image.pk, weights_upload=image.pk))
    assert "not of its weights" in same.content.decode()
    done = client.post(address, form(stage, upload=image.pk, weights_upload=weights.pk))
    assert done.status_code == 302
    assert Submission.objects.get().weights_path.read_bytes() == WEIGHTS
