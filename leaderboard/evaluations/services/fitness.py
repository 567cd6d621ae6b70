"""The engine of this machine, once the doctor has found it fit for held-out scans."""

from __future__ import annotations

from django.conf import settings

from evaluator.container.certificate import require_fit
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.doctor import Diagnosis, diagnose
from leaderboard.lib import files


def fit_engine() -> DockerEngine:
    """Raises ``PlatformFault`` where it is not fit: the run is tried again and charged to nobody."""
    engine = DockerEngine()
    require_fit(engine, state=files.data_folder("state"), base=settings.DOCTOR_BASE)
    return engine


def engine_examine() -> Diagnosis:
    """What the doctor finds now, whatever it found before."""
    return diagnose(DockerEngine(), base=settings.DOCTOR_BASE, state=files.data_folder("state"))
