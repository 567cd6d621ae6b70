"""What goes and what stays: nothing that is open, new, or named by a published ranking."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone

from evaluator.container.archive import REPOSITORY
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.images import TaggedImage
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import Run
from leaderboard.evaluations.services import images_expire, stores_expire
from leaderboard.submissions.models import Submission
from tests.containers.submissions import FOLDER, Images
from tests.leaderboard.stage import Stage

pytestmark = [pytest.mark.django_db]

DAYS = 86400


def aged(path: Path, *, days: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * 1024)
    os.utime(path, (time.time() - days * DAYS,) * 2)
    return path


def archived(submission: Submission, *, state: str, days: int) -> Path:
    since = timezone.now() - timedelta(days=days)
    Submission.objects.filter(pk=submission.pk).update(state=state, state_since=since)
    return aged(submission.archive_path, days=days)


@pytest.mark.core
def test_old_archives_of_refused_and_withdrawn_submissions_go_and_no_others(stage: Stage, data_folder: Path) -> None:
    ends = (("refused", 40), ("withdrawn", 40), ("refused", 2), ("accepted", 40))
    paths = []
    for number, (state, days) in enumerate(ends):
        submission = stage.accept(model=f"Model {number}")
        paths.append(archived(submission, state=state, days=days))
    weights = [aged(path.with_suffix(".weights"), days=40) for path in paths[:2]]
    call_command("clean", "--days", "30", "--dry-run")
    assert all(path.exists() for path in paths)
    call_command("clean", "--days", "30")
    assert [path.exists() for path in paths] == [False, False, True, True]
    assert not any(path.exists() for path in weights)
    assert Submission.objects.count() == len(ends)


@pytest.mark.core
def test_an_archive_that_a_published_ranking_names_stays(ranked: Benchmark) -> None:
    submission = Submission.objects.earliest("pk")
    path = archived(submission, state="withdrawn", days=400)
    call_command("clean", "--days", "1")
    assert path.exists()


@pytest.mark.core
def test_broken_off_uploads_and_archives_without_a_row_go_after_a_day(data_folder: Path) -> None:
    old = [
        aged(data_folder / "uploads/tmpabc.upload.gz", days=2),
        aged(data_folder / f"archives/.{uuid4()}.tar.part", days=2),
        aged(data_folder / f"archives/{uuid4()}.tar", days=2),
        aged(data_folder / f"archives/{uuid4()}.weights", days=2),
    ]
    new = [
        aged(data_folder / "uploads/tmpdef.upload.gz", days=0.5),
        aged(data_folder / f"archives/{uuid4()}.tar", days=0.5),
        aged(data_folder / "archives/somebodys notes.tar", days=2),
    ]
    call_command("clean")
    assert [path.exists() for path in old] == [False] * 4
    assert [path.exists() for path in new] == [True] * 3


@pytest.mark.core
def test_scans_that_no_run_used_go_and_never_while_a_run_is_held(stage: Stage, data_folder: Path) -> None:
    submission = stage.accept()
    stage.execute(submission)
    (store,) = [path for path in (data_folder / "state/store").iterdir() if len(list(path.glob("*.gz"))) == 8][:1]
    assert stores_expire(30, dry_run=False) == []
    os.utime(store / ".lock", (time.time() - 40 * DAYS,) * 2)
    run = stage.runs(submission)[0]
    Run.objects.filter(pk=run.pk).update(state="running", lease_token=uuid4())
    assert stores_expire(30, dry_run=False) == []
    Run.objects.filter(pk=run.pk).update(state="done", lease_token=None)
    assert stores_expire(30, dry_run=True) == [store.name]
    assert store.exists()
    assert stores_expire(30, dry_run=False) == [store.name]
    assert not store.exists()


@pytest.fixture
def image() -> Iterator[tuple[DockerEngine, str, str]]:
    """An image under our name in the real engine."""
    engine = DockerEngine()
    with Images() as images:
        digest = images.of(FOLDER + f"\n# {uuid4()}")
        tag = digest.removeprefix("sha256:")[:32]
        engine.tag_image(digest, repository=REPOSITORY, tag=tag)
        yield engine, digest, f"{REPOSITORY}:{tag}"


@pytest.mark.containers
def test_an_image_goes_once_nothing_open_needs_it(stage: Stage, image: tuple[DockerEngine, str, str]) -> None:
    engine, digest, name = image
    submission = stage.accept()
    Submission.objects.filter(pk=submission.pk).update(image=digest)

    def goes(days: int, *, dry_run: bool = True) -> bool:
        return any(line.startswith(name) for line in only(days, dry_run=dry_run))

    def only(days: int, *, dry_run: bool) -> list[str]:
        """Of this test's image alone: other tests have theirs in the same engine."""
        return images_expire(days, dry_run=dry_run, engine=Narrow(name))

    assert not goes(0)  # its runs wait
    Run.objects.update(state="done")
    assert not goes(1)  # it is new
    assert goes(0)
    assert engine.inspect_image(name) is not None
    assert goes(0, dry_run=False)
    assert engine.inspect_image(name) is None


class Narrow(DockerEngine):
    """The real engine, which shows one name only."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._only = name

    def tagged_images(self, repository: str) -> tuple[TaggedImage, ...]:
        return tuple(image for image in super().tagged_images(repository) if image.reference == self._only)
