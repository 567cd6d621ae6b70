"""What hospitals' tests stand on: services, cables and a container engine of their own, started once."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker, Settings

from evaluator.container.docker_engine import DockerEngine
from tests.containers.submissions import BASE, Images
from tests.engines import SecondEngine, engine_to_break, require_root
from tests.hospitals.base import plain_base
from tests.hospitals.central import ROOT, Central, central, database_at
from tests.hospitals.network import REGISTRY, Cable, network
from tests.hospitals.services import Services, services

HOSPITALS = 3
MIGRATED = "migrated"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """``engine`` is the first hospital's own; the others use the machine's.

    ``base`` is an image in both and in the registry, with Python alone, to make submissions of.
    """

    folder: Path
    base: str
    services: Services
    cables: tuple[Cable, ...]
    engine: SecondEngine


@pytest.fixture(scope="session")
def ground() -> Iterator[Ground]:
    require_root()
    with tempfile.TemporaryDirectory(prefix="cil-hospitals-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with ExitStack() as ends:
            base = ends.enter_context(plain_base(f"cil-plain:{os.getpid()}"))
            own = ends.enter_context(services(folder))
            migrating = ends.enter_context(ThreadPoolExecutor(1)).submit(_migrate, own, folder)
            ports = {"broker_port": own.broker_port, "registry_port": own.registry_port}
            cables = ends.enter_context(network(HOSPITALS, **ports))
            engine = ends.enter_context(_first_engine(folder, own, cables[0], base))
            migrating.result()
            yield Ground(folder=folder, base=base, services=own, cables=cables, engine=engine)


@contextmanager
def _first_engine(folder: Path, own: Services, cable: Cable, base: str) -> Iterator[SecondEngine]:
    """It has the base from the registry, so that of a submission made of it it fetches what is new only."""
    place = folder / "engine"
    place.mkdir()
    registry = f"{cable.relay}:{REGISTRY}"
    options = (f"--insecure-registry={registry}",)
    with engine_to_break(place, netns=cable.namespace, options=options) as engine:
        reference = push(base, own)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCKER_HOST", engine.address)
            there = DockerEngine()
            there.pull_image(f"{registry}/{reference}")
        name, _, tag = BASE.partition(":")
        there.tag_image(f"{registry}/{reference}", repository=name, tag=tag)  # where the doctor looks for it
        there.api.close()
        yield engine


def push(image: str, own: Services) -> str:
    """Bring an image of the machine's engine to the registry; its name there, by digest."""
    engine = DockerEngine()
    found = engine.inspect_image(image)
    assert found is not None, f"There is no image {image}: run docker/setup.sh"
    reference = engine.push_image(str(found["Id"]), place=own.registry_place, name="submissions")
    engine.api.close()
    return reference


def _migrate(own: Services, folder: Path) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": own.create_database(MIGRATED),
        "LEADERBOARD_DATA": str(folder / "data"),
    }
    command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def numbers() -> Iterator[int]:
    return count(1)


@pytest.fixture
def database(ground: Ground, numbers: Iterator[int], django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """A migrated, empty one, which Django's models in this test speak of."""
    url = ground.services.create_database(f"platform{next(numbers)}", like=MIGRATED)
    with django_db_blocker.unblock(), database_at(url):
        yield url


@pytest.fixture
def platform(ground: Ground, database: str, data_folder: Path, tmp_path: Path, settings: Settings) -> Iterator[Central]:
    """Not started yet. What this process does for it, such as enrolling, is done at its broker."""
    settings.CELERY_BROKER_URL, settings.BROKER_ADMIN_URL = ground.services.broker_url, ground.services.admin_url
    with central(ground.services, data=data_folder, database=database, logs=tmp_path) as found:
        yield found


@pytest.fixture(scope="session")
def images(ground: Ground) -> Iterator[Images]:
    with Images(ground.base) as images:
        yield images
