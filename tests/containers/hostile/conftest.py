"""The gauntlet that every hostile program runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evaluator.container.docker_engine import DockerEngine
from tests.containers.hostile.harness import Gauntlet
from tests.containers.submissions import Images


@pytest.fixture
def gauntlet(
    engine: DockerEngine, images: Images, tmp_path: Path, record_property: Callable[[str, object], None]
) -> Gauntlet:
    return Gauntlet(engine=engine, images=images, folder=tmp_path, note=record_property)
