"""Archives that lie, leave, overflow or take over: refused by name in bounded time, and never in the engine."""

from __future__ import annotations

import gzip
import json
import tarfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

import docker
import pytest

from evaluator.container import holder
from evaluator.container.archive import load_archive, read_archive
from evaluator.container.archive_checks import ArchiveLimits
from evaluator.container.docker_engine import DockerEngine
from evaluator.errors import FailureClass, ImageRefused
from tests.containers.hostile.harness import Gauntlet
from tests.containers.submissions import BASE
from tests.evaluator.container.archive_builder import Image, layer, member, tar_of, write

pytestmark = pytest.mark.containers

Files = list[tuple[tarfile.TarInfo, bytes]]
MIB = 1024**2


@dataclass(frozen=True, kw_only=True)
class Sent:
    """An archive and the check that must refuse it."""

    name: str
    files: Callable[[], Files]
    check: str
    seconds: float = 10.0
    limits: ArchiveLimits = field(default_factory=ArchiveLimits)


def beside(name: str, **options: Any) -> Files:
    return [
        *Image().old_docker(),
        (member(name, b"x" if not options else b"", **options), b"x" if not options else b""),
    ]


def changed(name: str, act: Callable[[Any], Any]) -> Files:
    """A member of JSON, changed."""
    files = []
    for info, data in Image().old_docker():
        if info.name == name:
            new = json.dumps(act(json.loads(data))).encode()
            files.append((member(name, new), new))
        else:
            files.append((info, data))
    return files


def first_layer_is(kind: bytes, target: str) -> Files:
    files, done = [], False
    for info, data in Image().old_docker():
        if info.name.endswith("layer.tar") and not done:
            files.append((member(info.name, kind=kind, target=target), b""))
            done = True
        else:
            files.append((info, data))
    return files


def other_bytes() -> Files:
    """A layer that is not the one whose digest the config names."""
    return Image(layers=[layer("mine")], diff_ids=["sha256:" + "0" * 64]).old_docker()


def many_layers(count: int) -> Files:
    return Image(layers=[layer("same")] * count).old_docker()


def two_users() -> Files:
    return Image(settings={"User": "user", "user": "root", "Entrypoint": ["/a"]}).old_docker()


def block_device() -> Files:
    return Image(layers=[tar_of([(member("dev/sda", kind=tarfile.BLKTYPE), b"")])]).old_docker()


def bomb() -> Files:
    return Image(layers=[layer("zeros", bytes(64 * MIB))]).oci(compress=lambda data: gzip.compress(data, 1))


SENT = (
    Sent(name="a path with ../", files=lambda: beside("../evil"), check="members"),
    Sent(name="an absolute path", files=lambda: beside("/etc/cron.d/evil"), check="members"),
    Sent(name="a link out of the archive as a layer",
         files=lambda: first_layer_is(tarfile.SYMTYPE, "/etc/shadow"), check="members"),
    Sent(name="a hard link out of the archive as a layer",
         files=lambda: first_layer_is(tarfile.LNKTYPE, "../../etc/shadow"), check="members"),
    Sent(name="a pipe among the members", files=lambda: beside("pipe", kind=tarfile.FIFOTYPE), check="members"),
    Sent(name="the manifest twice", files=lambda: beside("./manifest.json"), check="members"),
    Sent(name="two images", files=lambda: changed("manifest.json", lambda found: found * 2), check="one image"),
    Sent(name="a wrong digest", files=other_bytes, check="layers"),
    Sent(name="for arm64", files=lambda: Image(config={"architecture": "arm64"}).old_docker(), check="platform"),
    Sent(name="User and user", files=two_users, check="json"),
    Sent(name="10,000 layers of one", files=lambda: many_layers(10_000), check="members", seconds=30),
    Sent(name="128 layers of one", files=lambda: many_layers(128), check="layers"),
    Sent(name="a block device in a layer", files=block_device, check="devices"),
    Sent(name="a layer that inflates beyond its limit", files=bomb, check="size",
         limits=ArchiveLimits(unpacked_bytes=16 * MIB)),
    Sent(name="JSON of 100,000 brackets", files=lambda: Image(config_text=b"[" * 100_000).old_docker(), check="json"),
)  # fmt: skip


@pytest.mark.parametrize("sent", SENT, ids=attrgetter("name"))
def test_it_is_refused_by_name_and_never_reaches_the_engine(
    gauntlet: Gauntlet, engine: DockerEngine, tmp_path: Path, sent: Sent
) -> None:
    place = tmp_path / "sent"
    place.mkdir()
    path = write(place / "image.tar", sent.files())
    free = engine.free_disk_bytes()
    began = time.monotonic()
    with pytest.raises(ImageRefused) as caught:
        read_archive(path, limits=sent.limits)
    took = time.monotonic() - began
    assert caught.value.failure is FailureClass.IMAGE_INVALID
    assert caught.value.checks[-1].check == sent.check
    assert took <= sent.seconds
    assert list(place.iterdir()) == [path]
    assert engine.inspect_image(Image().digest) is None
    assert engine.free_disk_bytes() > free - 1024 * MIB
    assert read_archive(write(tmp_path / "good.tar", Image().old_docker())).digest == Image().digest
    gauntlet.tell(f"archive: {sent.name}", FailureClass.IMAGE_INVALID, took)


def test_an_archive_that_names_our_tags_is_loaded_and_takes_none_over(
    gauntlet: Gauntlet, engine: DockerEngine, tmp_path: Path
) -> None:
    gauntlet.good_one_is_right()  # so that the engine has the holder's image
    ours = {name: engine.inspect_image(name) for name in (BASE, f"{holder.REPOSITORY}:{holder.TAG}")}
    made = Image(layers=[layer("mark", uuid.uuid4().hex.encode())], settings={"User": "9:9", "Entrypoint": ["/a"]})
    files = [
        (member(info.name, new), new)
        if info.name == "manifest.json"
        and (new := json.dumps([{**json.loads(data)[0], "RepoTags": list(ours)}]).encode())
        else (info, data)
        for info, data in made.old_docker()
    ]
    path = write(tmp_path / "image.tar", files)
    api: Any = docker.from_env().api
    try:
        began = time.monotonic()
        record = load_archive(engine, path, read_archive(path))
        took = time.monotonic() - began
        tags = api.inspect_image(made.digest)["RepoTags"]
    finally:
        api.remove_image(made.digest, force=True)
        api.close()
    assert record.digest == made.digest
    assert [tag.partition(":")[0] for tag in tags] == ["cancer-imaging-leaderboard/submission"]
    for name, before in ours.items():
        now = engine.inspect_image(name)
        assert before is not None
        assert now is not None
        assert now["Id"] == before["Id"]
    gauntlet.good_one_is_right()
    gauntlet.tell("archive: takes over our tags", ("accepted without its tags",), took)


def test_the_engines_own_image_store_is_never_asked_for_layers_that_were_not_sent(
    engine: DockerEngine, tmp_path: Path
) -> None:
    base = engine.inspect_image(BASE)
    assert base is not None
    thief = Image(layers=[], diff_ids=base["RootFS"]["Layers"])
    with pytest.raises(ImageRefused):
        read_archive(write(tmp_path / "thief.tar", thief.old_docker()))
