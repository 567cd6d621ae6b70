"""The engine of this machine, once the doctor has found it fit for held-out scans."""

from __future__ import annotations

from django.conf import settings

from evaluator.container.certificate import require_fit
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.doctor import Diagnosis, diagnose
from evaluator.errors import PlatformFault
from leaderboard.lib import files


class Unfit(PlatformFault):
    """The engine does not answer, or the doctor does not pass it: what was to begin here waits."""


def fit_engine() -> DockerEngine:
    """Raises ``Unfit`` where it is not fit."""
    try:
        engine = DockerEngine()
        require_fit(engine, state=files.data_folder("state"), base=settings.DOCTOR_BASE)
    except PlatformFault as error:
        raise Unfit(error.what, why=error.why, next_step=error.next_step) from error
    return engine


def engine_examine() -> Diagnosis:
    """What the doctor finds now, whatever it found before."""
    return diagnose(DockerEngine(), base=settings.DOCTOR_BASE, state=files.data_folder("state"))
