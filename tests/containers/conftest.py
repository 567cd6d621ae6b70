"""A real engine and images on the examples' base image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

import pytest

from evaluator.container import labels
from evaluator.container.docker_engine import DockerEngine
from evaluator.errors import PlatformFault
from tests.containers.submissions import Images

GVISOR = "runsc"


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
