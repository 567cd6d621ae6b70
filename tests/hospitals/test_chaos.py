"""Everything is broken, again and again, while runs go on: what comes of it is what comes without."""

from __future__ import annotations

import itertools
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from evaluator.container.fake_engine import FakeEngine
from evaluator.container.limits import MIB
from leaderboard.evaluations.models import CohortResult, Evaluation, NullResult, Run
from leaderboard.submissions.models import Submission
from tests.containers.submissions import Images
from tests.engines import small_disk
from tests.hospitals.central import HOSPITAL_LEASE, RECONCILE, Central, database_at
from tests.hospitals.conftest import Ground, push
from tests.hospitals.faults import Chaos
from tests.hospitals.stage import accept, case_results, detector, in_this_process, on_the_platform, ranking
from tests.hospitals.watch import Watch
from tests.hospitals.world import World, open_world

pytestmark = [pytest.mark.containers, pytest.mark.xdist_group("hospitals")]

SEED = 20261
CaseResults = dict[tuple[UUID, str], list[object]]
WRONG = (2, 3, 5, 7)  # each program is wrong of one scan in so many
TURN = 4.0  # seconds that a turn of the reconciler and what follows from it may take on a busy machine
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "small", size=24 * MIB) as disk:
        yield disk


@pytest.fixture
def clock(tmp_path: Path) -> Path:
    path = tmp_path / "clock"
    path.write_text("+0")
    return path


@pytest.fixture
def world(
    ground: Ground, platform: Central, tmp_path: Path, settings: Settings, small: Path, clock: Path
) -> Iterator[World]:
    jumps = {"LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": str(clock)}
    jumps |= {"FAKETIME_CACHE_DURATION": "1", "DONT_FAKE_MONOTONIC": "1"}
    # With the monotonic clock left alone, as it is when a clock is set, it refuses the system call of Python's sleep.
    (tmp_path / "python").mkdir()
    (tmp_path / "python/sitecustomize.py").write_text(
        "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds) and None\n"
    )
    jumps["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "python"), os.environ.get("PYTHONPATH", "")])
    with open_world(
        ground,
        platform,
        tmp_path,
        settings,
        states={"northgate": small / "state"},
        environments={"harbour": jumps},
    ) as world:
        yield world


def hand_in(world: World, ground: Ground, images: Images, *, number: int) -> dict[str, str]:
    """Accepted submissions; the program of each image, but for its pauses."""
    programs = {images.of(detector(modulus, pause=0.2)): detector(modulus) for modulus in WRONG}
    references = {image: push(image, ground.services) for image in programs}
    for count, image in zip(range(number), itertools.cycle(programs), strict=False):
        accept(
            model=f"Model {count}",
            image=image,
            reference=references[image],
            benchmark=world.benchmark,
            who=world.people,
        )
    return programs


def everything_is_done() -> bool:
    runs = Run.objects.exclude(state=Run.State.DONE)
    return Run.objects.exists() and not runs.exists() and not NullResult.objects.filter(results=None).exists()


def break_until_done(chaos: Chaos, watch: Watch) -> Counter[str]:
    """One thing after another, each kind once before any comes again."""
    faults, struck = chaos.faults(), Counter[str]()
    until = time.monotonic() + 3600
    while time.monotonic() < until:
        for name in chaos.rng.permutation(sorted(faults)):
            if _answered(everything_is_done):
                return struck
            with watch.breaking():
                faults[name]()
            struck[name] += 1
            time.sleep(chaos.rng.uniform(0.5, 3.0))
    raise AssertionError("It never came to an end.")


def _answered(question: Callable[[], bool]) -> bool:
    """False also where the database does not answer, or has ended this connection."""
    try:
        return question()
    except OperationalError:
        connection.close()
        return False


def come_through(world: World, ground: Ground, images: Images, chaos: Chaos, *, database: str, submissions: int) -> str:
    """Break everything while so many submissions are run at three hospitals; what came of it, in a sentence."""
    programs = hand_in(world, ground, images, number=submissions)
    watch, began = Watch(url=database), time.monotonic()
    with watch.watching():
        struck = break_until_done(chaos, watch)
        took = time.monotonic() - began
    assert Run.objects.count() == submissions * len(world.hospitals)
    assert set(Evaluation.objects.values_list("state", flat=True)) == {Evaluation.State.DONE}
    _count_once()
    found, cases = ranking(world.benchmark), case_results()
    theirs, attempts = list(Submission.objects.all()), Counter(Run.objects.values_list("attempt", flat=True))
    with database_at(ground.services.create_database(f"calm{submissions}", like="migrated")):
        engine = FakeEngine({image: in_this_process(script) for image, script in programs.items()})
        again = on_the_platform(theirs, world.folders, engine)
        assert differing(case_results(), cases) == []
        assert ranking(again) == found

    overdue, idle = watch.longest()
    assert overdue.longest <= RECONCILE + TURN, overdue.what
    assert idle.longest <= HOSPITAL_LEASE + RECONCILE + TURN, idle.what
    return (
        f"{Run.objects.count()} runs in {took:.0f} s, seed {SEED}, {struck.total()} faults ("
        + ", ".join(f"{name} {number}" for name, number in sorted(struck.items()))
        + f"); attempts {dict(sorted(attempts.items()))}; longest past a lease {overdue.longest:.1f} s,"
        f" longest without a step {idle.longest:.1f} s, in {watch.looks} looks"
    )


def differing(calm: CaseResults, broken: CaseResults) -> list[tuple[object, ...]]:
    """The cases that are not the same, with what was said of them."""
    assert set(calm) == set(broken)
    return [
        (*key, one, other)
        for key, cases in calm.items()
        for one, other in zip(cases, broken[key], strict=True)
        if one != other
    ]


def _count_once() -> None:
    """Every case result exactly once."""
    results = list(CohortResult.objects.select_related("run__cohort"))
    assert len(results) == Run.objects.count()
    for result in results:
        (cohort,) = result.payload["cohorts"]
        counted = sorted(case["case"]["case"] for case in cohort["cases"])
        assert counted == sorted(result.run.cohort.cases.values_list("case", flat=True))


@pytest.fixture
def chaos(world: World, ground: Ground, small: Path, clock: Path) -> Chaos:
    rng = np.random.default_rng(SEED)
    return Chaos(world=world, services=ground.services, engine=ground.engine, small=small, clock=clock, rng=rng)


def test_whatever_breaks_every_case_counts_once_and_the_ranking_is_the_same(
    world: World,
    ground: Ground,
    images: Images,
    chaos: Chaos,
    database: str,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("row", come_through(world, ground, images, chaos, database=database, submissions=3))


@pytest.mark.long("chaos")
def test_two_hundred_runs_in_chaos(
    world: World,
    ground: Ground,
    images: Images,
    chaos: Chaos,
    database: str,
    record_property: Callable[[str, object], None],
) -> None:
    record_property("row", come_through(world, ground, images, chaos, database=database, submissions=67))
