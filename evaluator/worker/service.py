"""The worker as a service: one process on one state folder, from its start to a SIGTERM."""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from celery.exceptions import SecurityWarning
from celery.signals import setup_logging, worker_shutting_down

from evaluator.container.certificate import require_fit
from evaluator.container.docker_engine import DockerEngine
from evaluator.errors import UsageError
from evaluator.wire import kept_key
from evaluator.worker.app import make_app, make_worker
from evaluator.worker.broker import BrokerCarrier, tls
from evaluator.worker.cohorts import Cohorts
from evaluator.worker.database import Database
from evaluator.worker.gpus import find_cards
from evaluator.worker.hospital import Hospital
from evaluator.worker.sender import FolderCarrier
from evaluator.worker.settings import KEY_FILE, Settings, keep_settings

AGAIN_SECONDS = 5.0
OTHERS = ("celery", "kombu", "amqp")

logger = logging.getLogger(__name__)


def serve(settings: Settings, *, state: Path, code: str = "", dry_run: bool = False) -> None:
    """Carry out orders until a signal comes; everything that must not end with the process is on the disk.

    Raises
    ------
    EvaluatorError
        It cannot be started so.
    """
    security = tls(settings.broker, ca=Path(settings.ca) if settings.ca else None, insecure=settings.insecure)
    Cohorts([Path(folder) for folder in settings.cohorts]).require_frozen()
    with alone(state):
        engine, cards = DockerEngine(), find_cards(settings.gpus)
        key = kept_key(state / KEY_FILE)
        if not dry_run:
            keep_settings(state, settings)
        place = state / "dry-run" if dry_run else state
        hospital = Hospital(
            settings,
            state=state,
            key=key,
            engine=engine,
            check_fit=partial(require_fit, engine, state=state, base=settings.base),
            cards=cards,
            carrier=FolderCarrier(place / "leaving")
            if dry_run
            else BrokerCarrier(settings.broker, slug=settings.hospital, security=security),
            database=Database(place),
        )
        logger.info("the key's fingerprint is %s", key.public.fingerprint)
        if code:
            hospital.join(code)
        hospital.start()
        listen(hospital, settings, security=security)
        if not hospital.stop():
            # A thread that is deep in the engine or a scan would keep the process; all it knows is on the disk.
            logger.warning("something did not stop in time; its order is resumed at the next start")
            logging.shutdown()
            os._exit(0)


def listen(hospital: Hospital, settings: Settings, *, security: dict[str, Any] | None) -> None:
    """Let Celery take orders until a signal ends it; where it gives up, as for a queue that is gone, begin again."""
    app = make_app(
        settings.hospital,
        url=settings.broker,
        security=security,
        intake=hospital.intake.take,
        refused=hospital.intake.refuse,
    )

    def ask_to_stop(*_: object, **__: object) -> None:
        hospital.stopping.set()

    setup_logging.connect(_nothing, weak=False)  # ours is set up already
    worker_shutting_down.connect(ask_to_stop, weak=False)
    while not hospital.stopping.is_set():
        make_worker(app).start()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, ask_to_stop)
        if not hospital.stopping.is_set():
            logger.error("ALERT: the broker lets no orders through; tried again in %.0f s", AGAIN_SECONDS)
            hospital.stopping.wait(AGAIN_SECONDS)


def set_up_logging() -> None:
    """To stderr, a line an event. What the libraries below say of lost connections is told without a traceback."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(message)s", "%Y-%m-%dT%H:%M:%SZ")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(_without_traceback)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in OTHERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    # Celery warns whoever is root of pickled messages, and of JSON it warns as well.
    warnings.filterwarnings("ignore", category=SecurityWarning)


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """One worker on one state folder."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (state / "worker.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"A worker runs on {state} already.", next_step="Stop it first, or give another --state."
            ) from error
        yield


def _without_traceback(record: logging.LogRecord) -> bool:
    if record.name.partition(".")[0] in OTHERS:
        record.exc_info = record.exc_text = None
    return True


def _nothing(**_: object) -> None:
    pass
