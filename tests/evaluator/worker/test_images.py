"""Where a submission's image comes from, and that it is the one that was ordered."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.container.fake_engine import FakeEngine
from evaluator.container.fake_images import FakeImage
from evaluator.errors import FailureClass
from evaluator.worker.images import Images, Registry
from evaluator.worker.words import Refusal
from tests.evaluator.container.archive_builder import Image, write

DIGEST = "sha256:" + "d" * 64
REFERENCE = f"submissions/7@{DIGEST}"
REGISTRY = Registry(place="registry.example:5000/panel", username="lakeside", password="secret")
IMAGE = "sha256:" + "1" * 64
OTHER = "sha256:" + "2" * 64


def at_registry(engine: FakeEngine, image: str) -> None:
    engine.registry[f"{REGISTRY.place}/{REFERENCE}"] = (image, FakeImage(config={}))


def nothing() -> None:
    pass


def test_an_image_that_is_there_is_fetched_from_nowhere() -> None:
    Images(FakeEngine({IMAGE: lambda box: 0}), registry=None, folder=None).ensure(
        IMAGE, reference=REFERENCE, may_stop=nothing
    )


def test_an_image_is_fetched_by_its_manifest_and_kept_under_a_name_of_ours() -> None:
    engine = FakeEngine()
    at_registry(engine, IMAGE)

    Images(engine, registry=REGISTRY, folder=None).ensure(IMAGE, reference=REFERENCE, may_stop=nothing)

    found = engine.inspect_image(IMAGE)
    assert found is not None
    assert found["RepoTags"] == ["cancer-imaging-leaderboard/submission:" + "1" * 32]


def test_another_image_than_the_ordered_one_is_refused_with_an_alert(caplog: pytest.LogCaptureFixture) -> None:
    engine = FakeEngine()
    at_registry(engine, OTHER)

    with pytest.raises(Refusal, match="another image") as refusal:
        Images(engine, registry=REGISTRY, folder=None).ensure(IMAGE, reference=REFERENCE, may_stop=nothing)

    assert refusal.value.failure is FailureClass.PLATFORM_ERROR
    assert "ALERT" in caplog.text


def test_a_tag_is_never_fetched() -> None:
    with pytest.raises(Refusal, match="could not be fetched"):
        Images(FakeEngine(), registry=REGISTRY, folder=None).ensure(
            IMAGE, reference="submissions/7:latest", may_stop=nothing
        )


def test_a_registry_that_does_not_have_it_is_no_fault_of_the_submission() -> None:
    with pytest.raises(Refusal, match="could not be fetched") as refusal:
        Images(FakeEngine(), registry=REGISTRY, folder=None).ensure(IMAGE, reference=REFERENCE, may_stop=nothing)

    assert refusal.value.failure is FailureClass.PLATFORM_ERROR


def test_an_archive_on_a_disk_is_found_by_what_is_in_it(tmp_path: Path) -> None:
    image = Image()
    (tmp_path / "a-note.txt").write_text("brought on Monday")
    write(tmp_path / "other.tar", Image(settings={"User": "user", "Cmd": ["/other"]}).old_docker())
    write(tmp_path / "brought.tar", image.new_docker())
    engine = FakeEngine()
    wanted = image.digest

    Images(engine, registry=REGISTRY, folder=tmp_path).ensure(wanted, reference=REFERENCE, may_stop=nothing)

    assert list(engine.images) == [wanted]


def test_an_image_that_is_nowhere_is_the_hospitals_to_bring(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="not to be had") as refusal:
        Images(FakeEngine(), registry=None, folder=tmp_path).ensure(IMAGE, reference="", may_stop=nothing)

    assert refusal.value.failure is FailureClass.HOSPITAL_REFUSED


def test_images_go_when_they_are_old_and_no_order_needs_them() -> None:
    engine = FakeEngine()
    images = Images(engine, registry=REGISTRY, folder=None)
    for image in (IMAGE, OTHER):
        at_registry(engine, image)
        images.ensure(image, reference=REFERENCE, may_stop=nothing)
    for name in engine.tagged:
        engine.tagged[name] -= 40 * 24 * 3600
    images.prune(days=50, needed=lambda _: False)
    assert set(engine.images) == {IMAGE, OTHER}
    images.prune(days=30, needed=lambda image: image == OTHER)
    assert set(engine.images) == {OTHER}
