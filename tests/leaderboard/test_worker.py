"""Real worker processes, real containers: killed in the middle of a run, and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import docker
import pytest
from django.core.files import File
from django.db import connection
from django.utils import timezone

from leaderboard.evaluations.models import CohortResult, Evaluation, Run, Worker
from leaderboard.rankings.models import Entry, Snapshot
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_create
from tests.containers.submissions import FOLDER, Images
from tests.engines import certify
from tests.leaderboard.stage import CASES, Stage

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 300
SLOW = FOLDER + "\nfor case in cases:\n    time.sleep(1.5)\n    answer(case)\n"

pytestmark = [pytest.mark.containers, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("workers")]


def database_url() -> str:
    """This test's database, for another process."""
    settings = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings['NAME']}"
    user, password = quote(settings["USER"]), quote(settings["PASSWORD"])
    return f"postgres://{user}:{password}@{quote(settings['HOST'], safe='')}:{settings['PORT']}/{settings['NAME']}"


class WorkerProcess:
    """`celery worker` with everything it starts, so that all of it can be killed at once."""

    def __init__(self, data: Path, log: Path) -> None:
        self.log = log
        environment = os.environ | {
            "LEADERBOARD_DATA": str(data),
            "DATABASE_URL": database_url(),
            "LEASE_SECONDS": "15",
            "RECONCILE_SECONDS": "1",
            "RETRY_SECONDS": "1",
        }
        options = ["--beat", "--queues", "platform,hospitals", "--concurrency", "3", "--loglevel", "INFO"]
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "--app", "leaderboard", "worker", *options],
                cwd=ROOT,
                env=environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def wait_until(self, done: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not done():
            ended = self.process.poll() is not None
            if ended or time.monotonic() > until:
                pytest.fail(f"{'The worker ended' if ended else 'Nothing came'}:\n{self.log.read_text()[-6000:]}")
            time.sleep(0.2)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.kill()


@pytest.fixture
def start(data_folder: Path, tmp_path: Path) -> Iterator[Callable[[], WorkerProcess]]:
    started: list[WorkerProcess] = []

    certify(data_folder / "state")

    def one() -> WorkerProcess:
        started.append(WorkerProcess(data_folder, tmp_path / "worker.log"))
        return started[-1]

    yield one
    for worker in started:
        worker.stop()


@pytest.fixture
def handed_in(stage: Stage, tmp_path: Path) -> Iterator[Submission]:
    """A slow submission, saved from the real engine. Nobody rang for it: finding it is the reconciler's task."""
    client: Any = docker.from_env()
    with Images() as images:
        path = tmp_path / "slow.tar"
        with path.open("wb") as file:
            file.writelines(client.images.get(images.of(SLOW)).save())
        with path.open("rb") as file:
            submission = submission_create(
                team=stage.team,
                benchmark=stage.benchmark,
                model="Slow",
                archive=File(file, name="slow.tar"),
                contract="folder",
                threshold=0.5,
                trained_on=(),
                terms=1,
                by=stage.member,
            )
        Submission.objects.update(ring_at=timezone.now())
        yield submission
        for container in containers(client, submission):
            container.remove(force=True)
    client.close()


def containers(client: Any, submission: Submission) -> list[Any]:
    submission.refresh_from_db()
    found: list[Any] = client.containers.list(all=True, filters={"ancestor": submission.image})
    return found


def half_way() -> bool:
    return Run.objects.filter(state=Run.State.RUNNING, cases_done__gte=1).exists()


def ranked() -> bool:
    return Entry.objects.filter(snapshot__published=True).exists()


def assert_counted_once(interrupted: set[int]) -> None:
    assert Evaluation.objects.get().state == Evaluation.State.DONE
    # A machine too busy to keep a lease of seconds may cost any run an attempt more; of results that changes nothing.
    assert all(run.attempt >= 2 for run in Run.objects.filter(pk__in=interrupted))
    results = list(CohortResult.objects.select_related("run__cohort"))
    assert len(results) == Run.objects.count() == 2
    for result in results:
        (cohort,) = result.payload["cohorts"]
        counted = sorted(case["case"]["case"] for case in cohort["cases"])
        assert counted == sorted(result.run.cohort.cases.values_list("case", flat=True))
    (report,) = Snapshot.objects.get().report["models"]
    assert report["overall"]["patients"] == {"positive": CASES, "negative": CASES}
    assert report["overall"]["failures"]["cases"] == 0


@pytest.mark.core
def test_a_run_whose_worker_is_killed_is_completed_once_by_the_next(
    handed_in: Submission, start: Callable[[], WorkerProcess]
) -> None:
    first = start()
    first.wait_until(half_way)
    first.kill()
    interrupted = set(Run.objects.filter(state__in=Run.HELD).values_list("pk", flat=True))
    assert interrupted
    assert not CohortResult.objects.filter(run__in=interrupted).exists()

    second = start()
    second.wait_until(ranked)
    assert_counted_once(interrupted)
    client = docker.from_env()
    second.wait_until(lambda: not containers(client, handed_in))  # the killed worker's was removed by the next
    client.close()
    second.stop()
    assert not Worker.objects.exists()  # it ended in order and said so


def test_a_run_whose_process_alone_is_killed_is_completed_once_by_the_same_worker(
    handed_in: Submission, start: Callable[[], WorkerProcess]
) -> None:
    """As the kernel does when memory is short: one child is gone, and the worker lives on."""
    worker = start()
    worker.wait_until(half_way)
    run = Run.objects.filter(state=Run.State.RUNNING, cases_done__gte=1).earliest("pk")
    os.kill(int(run.worker.rpartition(":")[2]), signal.SIGKILL)

    worker.wait_until(ranked)
    assert_counted_once({run.pk})
    client = docker.from_env()
    worker.wait_until(lambda: not containers(client, handed_in))
    client.close()
