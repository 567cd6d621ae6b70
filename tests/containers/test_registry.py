"""An image by way of a real registry: fetched by its manifest, recognised by its config."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluator.container.archive import REPOSITORY, load_archive, read_archive
from evaluator.container.docker_engine import DockerEngine
from evaluator.errors import PlatformFault
from evaluator.worker.images import Images as HospitalImages
from evaluator.worker.images import Registry
from evaluator.worker.words import Refusal
from tests.evaluator.container.archive_builder import PASSWD, Image, layer, write
from tests.registry import LocalRegistry

pytestmark = pytest.mark.containers


def nothing() -> None:
    pass


def test_what_was_pushed_is_fetched_by_digest_and_is_the_very_image(engine: DockerEngine, tmp_path: Path) -> None:
    small = Image(layers=[layer("etc/passwd", PASSWD), layer("opt/algorithm", tmp_path.name.encode())])
    archive = write(tmp_path / "small.tar", small.old_docker())
    with LocalRegistry(tmp_path) as registry:
        image = load_archive(engine, archive, read_archive(archive)).digest
        reference = engine.push_image(image, place=registry.place, name="submissions")
        engine.remove_image(f"{REPOSITORY}:{image[7:39]}")
        assert engine.inspect_image(image) is None
        hospital = HospitalImages(engine, registry=Registry(place=registry.place), folder=None)

        hospital.ensure(image, reference=reference, may_stop=nothing)

        found = engine.inspect_image(image)
        assert found is not None
        assert found["Id"] == image
        with pytest.raises(Refusal, match="another image"):
            hospital.ensure("sha256:" + "0" * 64, reference=reference, may_stop=nothing)
        with pytest.raises(PlatformFault, match="did not fetch"):
            engine.pull_image(f"{registry.place}/submissions@sha256:{'0' * 64}")
        hospital.prune(days=1, needed=lambda _: False)
        assert engine.inspect_image(image) is not None  # it came just now
        hospital.prune(days=-1, needed=lambda one: one == image)
        assert engine.inspect_image(image) is not None
        hospital.prune(days=-1, needed=lambda one: one != image)
        assert engine.inspect_image(image) is None
