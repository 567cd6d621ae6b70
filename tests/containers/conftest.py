"""A real engine and images on the examples' base image."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from evaluator.container import labels
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.limits import MIB
from evaluator.errors import PlatformFault
from tests.containers.submissions import BASE, Images
from tests.engines import copy_image, require_root, second_engine, small_disk

GVISOR = "runsc"
FIRST_ID = 100_000  # on the host, of a remapped engine's users
SECOND = pytest.mark.xdist_group("second-engine")  # one worker starts it, once


@dataclass(frozen=True, kw_only=True)
class Second:
    """An engine whose users are remapped, on a small disk of its own."""

    address: str
    engine: DockerEngine
    images: Images


@pytest.fixture(scope="session")
def second() -> Iterator[Second]:
    require_root()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        Path(folder).chmod(0o711)
        with (
            small_disk(Path(folder) / "disk", size=1280 * MIB) as disk,
            second_engine(disk, first_id=FIRST_ID) as address,
        ):
            copy_image(BASE, to=address)
            patch.setenv("DOCKER_HOST", address)
            engine, images = DockerEngine(), Images()
            patch.undo()
            with images:
                yield Second(address=address, engine=engine, images=images)
            engine.api.close()


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    with Images() as images:
        yield images


@cache
def engine_of(runtime: str) -> DockerEngine:
    return DockerEngine(runtime=runtime)


@pytest.fixture
def runtime() -> str:
    """The runtime that submissions run under; a module that is to pass under others too has its own fixture."""
    return ""


@pytest.fixture
def engine(runtime: str) -> Iterator[DockerEngine]:
    """The engine; a test that leaves anything of its own in it fails."""
    found = engine_of(runtime)
    try:
        found.facts()
    except PlatformFault as fault:
        if runtime == GVISOR and not os.environ.get("CI"):
            pytest.skip(f"{fault} `bash docker/test.sh` as root, where no engine runs, starts one that has it.")
        raise
    yield found
    assert [owned for owned in found.owned() if owned.supervisor == labels.supervisor()] == []
