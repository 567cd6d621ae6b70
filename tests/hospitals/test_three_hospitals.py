"""Three hospitals, each its own process behind its own cable: work goes to them, numbers come back, scans stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from django.core.files import File
from django.utils import timezone
from pytest_django import Settings

from evaluator.container.docker_engine import DockerEngine
from leaderboard.evaluations.models import CohortResult, Evaluation, NullResult, Run
from leaderboard.hospitals.models import Alert
from leaderboard.rankings.models import Entry
from leaderboard.submissions.models import Submission
from leaderboard.submissions.services import submission_create
from tests.containers.submissions import Images
from tests.hospitals.capture import ARP, IPV4, Capture
from tests.hospitals.central import Central, database_at
from tests.hospitals.conftest import Ground
from tests.hospitals.hospital import RemoteHospital
from tests.hospitals.leaks import leaked
from tests.hospitals.stage import case_results, detector, on_the_platform, ranking
from tests.hospitals.world import World, open_world

ZOOM = 3  # of the tiny cohorts: the scans are then much larger than what is said of them

pytestmark = [pytest.mark.containers, pytest.mark.xdist_group("hospitals")]


@pytest.fixture
def captures(ground: Ground) -> Iterator[tuple[Capture, ...]]:
    found = tuple(map(Capture, ground.cables))
    for capture in found:
        capture.start()
    yield found
    for capture in found:
        capture.stop()


@pytest.fixture
def world(
    ground: Ground, platform: Central, captures: tuple[Capture, ...], tmp_path: Path, settings: Settings
) -> Iterator[World]:
    with open_world(ground, platform, tmp_path, settings, zoom=ZOOM) as world:
        yield world


def hand_in(world: World, image: str, model: str, archive: Path) -> Submission:
    """As a team does; nobody rang for it, so finding it is the reconciler's task."""
    client = docker.from_env()
    with archive.open("wb") as file:
        file.writelines(client.images.get(image).save())
    client.close()
    with archive.open("rb") as file:
        submission = submission_create(
            team=world.people.team,
            benchmark=world.benchmark,
            model=model,
            archive=File(file, name="detector.tar"),
            contract="folder",
            threshold=0.5,
            trained_on=(),
            terms=1,
            by=world.people.member,
        )
    archive.unlink()
    Submission.objects.update(ring_at=timezone.now())
    return submission


def everything_is_ranked() -> bool:
    return Entry.objects.filter(snapshot__published=True).exists() and not NullResult.objects.filter(results=None)


def test_work_goes_to_three_hospitals_numbers_come_back_and_no_scan_leaves(
    world: World,
    captures: tuple[Capture, ...],
    ground: Ground,
    images: Images,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    submission = hand_in(world, images.of(detector(3)), "Detector", tmp_path / "archive.tar")
    world.wait_until(everything_is_ranked)
    submission.refresh_from_db()
    assert Evaluation.objects.get().state == Evaluation.State.DONE
    assert set(Run.objects.values_list("state", "attempt")) == {(Run.State.DONE, 1)}
    assert CohortResult.objects.count() == len(world.hospitals)
    assert not Alert.objects.exists()
    found, cases = ranking(world.benchmark), case_results()

    engine = DockerEngine()
    with database_at(ground.services.create_database("elsewhere", like="migrated")):
        again = on_the_platform([submission], world.folders, engine)
        assert ranking(again) == found
        assert case_results() == cases
    engine.api.close()

    lying = {one.slug: one.files() for one in world.hospitals}
    _edit_a_scan(world.hospitals[1])
    hand_in(world, images.of(detector(4)), "Another", tmp_path / "archive.tar")
    world.wait_until(lambda: Alert.objects.filter(kind="cohort").exists())
    assert set(Alert.objects.values_list("hospital__slug", flat=True)) == {world.hospitals[1].slug}
    assert not CohortResult.objects.filter(run__evaluation__submission__model="Another", run__hospital__slug="lakeside")

    for hospital in world.hospitals:
        hospital.stop()
    for capture in captures:
        capture.stop()
    for hospital, capture in zip(world.hospitals, captures, strict=True):
        record_property("row", _nothing_of_a_scan_left(hospital, capture, lying[hospital.slug]))


def _edit_a_scan(hospital: RemoteHospital) -> None:
    path = sorted(hospital.cohort.rglob("ct.nii.gz"))[0]
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def _nothing_of_a_scan_left(hospital: RemoteHospital, capture: Capture, files: dict[str, bytes]) -> str:
    """What left, beside what lies there, in a line."""
    cable = hospital.cable
    assert capture.lost == 0
    assert capture.spoken_to == {cable.relay}
    assert capture.protocols <= {IPV4, ARP}
    sent = b"".join(capture.sent().values())
    assert leaked(sent, files) == set()
    name, scan = next(iter(files.items()))
    assert leaked(sent + scan[1000:1047], files) == {name}  # it would have been found

    letters = hospital.outbox()
    done = next(one for one in letters if one["kind"] == "done")
    assert done["sent_at"]
    assert hospital.letter(done["serial"]) in sent  # what the steward reads is what left
    lying = sum(map(len, files.values()))
    return (
        f"{hospital.name}: {capture.bytes_out:,} bytes left in {len(letters)} messages and what carries them;"
        f" none of them of the {len(files)} scans and references that lie there, {lying:,} bytes"
    )
