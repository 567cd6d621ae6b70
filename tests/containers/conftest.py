"""A real engine and images on the examples' base image."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evaluator.container import labels
from evaluator.container.docker_engine import DockerEngine
from tests.containers.submissions import Images


@pytest.fixture(scope="session")
def images() -> Iterator[Images]:
    with Images() as images:
        yield images


@pytest.fixture(scope="session")
def shared_engine() -> DockerEngine:
    return DockerEngine()


@pytest.fixture
def engine(shared_engine: DockerEngine) -> Iterator[DockerEngine]:
    """The engine; a test that leaves anything of its own in it fails."""
    yield shared_engine
    assert [owned for owned in shared_engine.owned() if owned.supervisor == labels.supervisor()] == []
