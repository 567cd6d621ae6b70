"""What goes wrong in a real container, whose fault it is, and that it costs no more than it should.

What is done on purpose is in `hostile/`.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import docker
import numpy as np
import pytest

from evaluator.cohort import Cohort
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.limits import MIB, Limits
from evaluator.errors import ClassifiedError, FailureClass, PlatformFault
from evaluator.pipeline import Unwatched, run_cohort, try_out
from evaluator.records import CohortResult
from tests.containers.conftest import GVISOR
from tests.containers.submissions import FOLDER, Images
from tests.tiny_cohorts import write_tiny_cohort

pytestmark = pytest.mark.containers

SMALL = Limits(
    memory_bytes=256 * MIB, output_bytes=32 * MIB, output_inodes=1000, file_bytes=16 * MIB, start_seconds=60, cpus=1
)


@pytest.fixture(params=["", GVISOR], ids=["runc", "gvisor"])
def runtime(request: pytest.FixtureRequest) -> str:
    """All of this holds under gVisor too."""
    return str(request.param)


@pytest.fixture
def cohort(tmp_path: Path) -> Cohort:
    return write_tiny_cohort(tmp_path / "cohort", cases=4)


def run(engine: DockerEngine, image: str, cohort: Cohort, limits: Limits = SMALL, **options: Any) -> CohortResult:
    return run_cohort(
        engine=engine,
        image=image,
        cohort=cohort,
        contract="folder",
        limits=limits,
        state=cohort.path.parent / "state",
        rng=np.random.default_rng(7),
        **options,
    )


def failures(result: CohortResult) -> list[FailureClass | None]:
    return [case.failure for case in result.cases]


def test_a_container_that_crashes_on_one_case_costs_that_case_and_not_the_run(
    engine: DockerEngine, images: Images, cohort: Cohort
) -> None:
    image = images.of(FOLDER + "for case in cases:\n  assert number(case) != 2\n  answer(case)\n")

    result = run(engine, image, cohort)

    assert failures(result) == [None, None, FailureClass.EXIT_CODE, None]
    assert [len(case.lesions) for case in result.cases] == [1, 0, 1, 0]
    assert not result.cases[2].lesions[0].hit
    assert "exit code 1" in result.cases[2].reason
    assert result.containers <= 2  # one where the bad case happened to be last


def test_three_restarts_then_the_rest_of_the_batch_fails(engine: DockerEngine, images: Images, tmp_path: Path) -> None:
    cohort = write_tiny_cohort(tmp_path / "many", cases=6)
    image = images.of(FOLDER + "sys.exit(9)\n")

    result = run(engine, image, cohort)

    assert set(failures(result)) == {FailureClass.EXIT_CODE}
    assert result.containers == 4


def test_a_container_that_sleeps_for_ever_is_gone_within_5_seconds_of_its_limit(
    engine: DockerEngine, images: Images, tmp_path: Path
) -> None:
    cohort = write_tiny_cohort(tmp_path / "one", cases=1)
    image = images.of(FOLDER + "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(9999)\n")
    limits = Limits(memory_bytes=256 * MIB, output_bytes=32 * MIB, case_seconds=2, start_seconds=2)
    results: list[CohortResult] = []
    api: Any = docker.from_env().api
    supervised = threading.Thread(target=lambda: results.append(run(engine, image, cohort, limits)))
    supervised.start()
    while supervised.is_alive() and not (running := api.containers(filters={"ancestor": image})):
        time.sleep(0.05)

    started = datetime.fromisoformat(api.inspect_container(running[0]["Id"])["State"]["StartedAt"][:19] + "+00:00")
    time.sleep(max(started.timestamp() + 4 + 5 - time.time(), 0))

    assert api.containers(all=True, filters={"ancestor": image}) == []
    supervised.join()
    api.close()
    assert failures(results[0]) == [FailureClass.TIME_LIMIT]


def test_cases_finished_before_the_time_limit_count(engine: DockerEngine, images: Images, cohort: Cohort) -> None:
    script = "for case in cases:\n  if number(case) == 1: time.sleep(9999)\n  answer(case)\n"
    limits = Limits(memory_bytes=256 * MIB, output_bytes=32 * MIB, case_seconds=1, start_seconds=2)

    result = run(engine, images.of(FOLDER + script), cohort, limits)

    assert failures(result) == [None, FailureClass.TIME_LIMIT, None, None]


@pytest.mark.parametrize(
    ("script", "failure"),
    [
        ("os._exit(126)", FailureClass.START_FAILED),
        ("os._exit(153)", FailureClass.OUTPUT_SPACE),
    ],
)
def test_an_exit_code_with_a_meaning_has_its_class(
    engine: DockerEngine, images: Images, tmp_path: Path, script: str, failure: FailureClass
) -> None:
    cohort = write_tiny_cohort(tmp_path / "one", cases=1)

    result = run(engine, images.of(FOLDER + script + "\n"), cohort)

    assert failures(result) == [failure], result.cases[0].reason


def test_a_missing_entry_point_fails_every_case_in_one_container(
    engine: DockerEngine, images: Images, cohort: Cohort
) -> None:
    image = images.of("missing", entrypoint=("/no/such/program",))

    result = run(engine, image, cohort)

    assert set(failures(result)) == {FailureClass.START_FAILED}
    assert result.containers == 1


def test_a_gpu_where_there_is_none_is_the_platforms_fault(engine: DockerEngine, images: Images, cohort: Cohort) -> None:
    if engine.facts().gpus:
        return  # nothing to refuse on this machine
    with pytest.raises(PlatformFault, match="refused to start"):
        run(engine, images.of(FOLDER), cohort, Limits(gpus=1, output_bytes=32 * MIB))


def test_cancelling_stops_the_container(engine: DockerEngine, images: Images, cohort: Cohort) -> None:
    class Impatient(Unwatched):
        started = False

        def case_done(self, done: int, total: int) -> None:
            self.started = True

        def cancelled(self) -> bool:
            return self.started

    with pytest.raises(ClassifiedError) as caught:
        run(engine, images.of(FOLDER + "time.sleep(9999)\n"), cohort, watcher=Impatient())

    assert caught.value.failure is FailureClass.CANCELLED


def test_a_try_out_shows_the_team_its_log(engine: DockerEngine, images: Images, cohort: Cohort) -> None:
    tried = try_out(
        engine=engine,
        image=images.of(FOLDER + "print('loading weights')\nraise SystemExit('no weights')\n"),
        sample=cohort,
        contract="folder",
        limits=SMALL,
        state=cohort.path.parent / "state",
        rng=np.random.default_rng(7),
    )

    assert not tried.ok
    assert tried.failure is FailureClass.EXIT_CODE
    assert "loading weights" in tried.log
    assert "no weights" in tried.log
    assert "4 of 4 sample cases failed" in tried.reason
