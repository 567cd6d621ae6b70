"""The platform as it runs: a database of its own, a Celery worker with beat, and the process that reads reports."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import dj_database_url
from django.core.management import call_command
from django.db import connections
from django.db.utils import load_backend
from pytest_django import Settings

from tests.hospitals.network import BROKER, REGISTRY, Cable
from tests.hospitals.services import Services
from tests.hospitals.spawned import Spawned

ROOT = Path(__file__).resolve().parents[2]
LEASE, HOSPITAL_LEASE, AGAIN, RECONCILE = 8, 6, 5, 1  # seconds
PYTHON = sys.executable


@dataclass(frozen=True, kw_only=True)
class Central:
    """``environment`` is what a process of the platform is started with."""

    environment: dict[str, str]
    worker: Spawned
    intake: Spawned

    def start(self) -> None:
        self.worker.start()
        self.intake.start()

    def enrol(self, slug: str, name: str, cable: Cable, settings: Settings) -> list[str]:
        """The words after `python -m evaluator worker` that the platform tells a hospital, with its own addresses."""
        settings.BROKER_PUBLIC = f"amqp://{cable.relay}:{BROKER}//"
        settings.REGISTRY_PUBLIC = f"{cable.relay}:{REGISTRY}"
        printed = StringIO()
        call_command("hospital", "enrol", slug, "--name", name, stdout=printed)
        begin = "python -m evaluator worker "
        [line] = [line for line in printed.getvalue().splitlines() if line.startswith(begin)]
        words = shlex.split(line.removeprefix(begin))
        return words[: words.index("--cohort")]


@contextmanager
def central(services: Services, *, data: Path, database: str, logs: Path, **settings: str) -> Iterator[Central]:
    """Not started yet; ended with the context."""
    environment = {
        **os.environ,
        "LEADERBOARD_DATA": str(data),
        "DATABASE_URL": database,
        "BROKER_URL": services.broker_url,
        "BROKER_ADMIN_URL": services.admin_url,
        "REGISTRY_URL": services.registry_place,
        "LEASE_SECONDS": str(LEASE),
        "HOSPITAL_LEASE_SECONDS": str(HOSPITAL_LEASE),
        "RECONCILE_SECONDS": str(RECONCILE),
        "RETRY_SECONDS": "1",
        "RING_AGAIN_SECONDS": str(AGAIN),
        "ORDER_AGAIN_SECONDS": str(AGAIN),
        **settings,
    }
    celery = [PYTHON, "-m", "celery", "--app", "leaderboard", "worker", "--beat", "--queues", "platform,hospitals"]
    celery += ["--concurrency", "2", "--loglevel", "INFO", "--schedule", str(data / "beat")]
    commands = {"platform": celery, "intake": [PYTHON, "manage.py", "intake"]}
    worker, intake = (
        Spawned(name, command, log=logs / f"{name}.log", environment=environment, folder=ROOT)
        for name, command in commands.items()
    )
    try:
        yield Central(environment=environment, worker=worker, intake=intake)
    finally:
        intake.stop()
        worker.stop()


@contextmanager
def database_at(url: str) -> Iterator[None]:
    """Django's models in this thread speak of the database there."""
    ours = connections["default"]
    settings = {**ours.settings_dict, "OPTIONS": {}, **dj_database_url.parse(url), "CONN_HEALTH_CHECKS": True}
    connections["default"] = load_backend(settings["ENGINE"]).DatabaseWrapper(settings, "default")
    try:
        yield
    finally:
        connections["default"].close()
        connections["default"] = ours
