"""The cohorts that lie here: which there are, offered once each after a full check, and read for a run."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from evaluator.cohort import Cohort, check_cohort, read_cohort
from evaluator.cohort.manifest import Manifest, read_manifest
from evaluator.errors import CohortChanged, EvaluatorError, UsageError
from evaluator.results import to_builtins
from evaluator.wire import CohortOffer
from evaluator.worker.database import Database, now
from evaluator.worker.outbox import Outbox

LOOK_SECONDS = 10.0
AGAIN_SECONDS = 600.0

logger = logging.getLogger(__name__)


class Cohorts:
    """Folders that `cohort check` froze. A new version in a folder is noticed while the worker runs."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)

    def require_frozen(self) -> None:
        """Raises ``UsageError`` for a folder that was never checked."""
        for folder in self._folders:
            if read_manifest(folder) is None:
                raise UsageError(
                    f"{folder} is no cohort that was checked and frozen.",
                    next_step=f"Run `python -m evaluator cohort check {folder}` first.",
                )

    def found(self) -> dict[str, Path]:
        """Folders by fingerprint, as their manifests say; every file is compared before a run."""
        found = {}
        for folder in self._folders:
            manifest = _manifest(folder)
            if manifest is not None:
                found[manifest.fingerprint] = folder
        return found

    def read(self, fingerprint: str, *, progress: Callable[[], None]) -> Cohort:
        """The cohort, every file of which is the one that was frozen.

        Raises
        ------
        CohortChanged
            It does not lie here (any more).
        CohortRefused
            Its files are not the ones that its manifest froze.
        """
        folder = self.found().get(fingerprint)
        cohort = read_cohort(folder, progress=progress) if folder else None
        if cohort is None or cohort.fingerprint != fingerprint:
            raise CohortChanged(
                "The cohort that was ordered does not lie at this hospital.",
                why="No folder has its fingerprint.",
                next_step="Restore the folder, or offer the new version for the benchmark.",
            )
        return cohort


class Offers(threading.Thread):
    """Checks each cohort in full, once, and offers what is known of its cases."""

    def __init__(self, cohorts: Cohorts, database: Database, outbox: Outbox, *, stopping: threading.Event) -> None:
        super().__init__(name="offers", daemon=True)
        self._cohorts, self._database, self._outbox, self._stopping = cohorts, database, outbox, stopping

    def run(self) -> None:
        wait = 0.0
        while not self._stopping.wait(wait):
            try:
                wait = LOOK_SECONDS if self.look() else AGAIN_SECONDS
            except sqlite3.Error as error:  # a full disk, say
                wait = LOOK_SECONDS
                logger.error("ALERT: cohorts cannot be offered: %s", error)  # noqa: TRY400

    def look(self) -> bool:
        """False: a folder has faults, and is looked at again when there was time to mend them."""
        fine = True
        for fingerprint, folder in self._cohorts.found().items():
            if self._database.note(_offered(fingerprint)):
                continue
            try:
                self._offer(folder, fingerprint)
            except (EvaluatorError, OSError) as error:
                fine = False
                logger.error("ALERT: the cohort in %s is not offered: %s", folder, error)  # noqa: TRY400
        return fine

    def _offer(self, folder: Path, fingerprint: str) -> None:
        logger.info("checking the cohort in %s", folder)
        checked = check_cohort(folder)
        cohort = checked.cohort
        if cohort is None or cohort.fingerprint != fingerprint or checked.counts is None:
            why = "; ".join(f"{fault.where}: {fault.what}" for fault in checked.faults[:5])
            raise CohortChanged(
                "It is not the one that was frozen.", why=why, next_step="Run `python -m evaluator cohort check` on it."
            )
        offer = CohortOffer(
            name=cohort.name,
            version=cohort.version,
            fingerprint=fingerprint,
            cases=tuple(case.record for case in cohort.cases),
            counts=to_builtins(checked.counts),
        )
        with self._database.transaction():
            self._outbox.put(offer)
            self._database.keep_note(_offered(fingerprint), now())
        logger.info("cohort %s version %s, %d cases, is offered", cohort.name, cohort.version, len(cohort.cases))


def _offered(fingerprint: str) -> str:
    return f"offered {fingerprint}"


def _manifest(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except (EvaluatorError, OSError) as error:
        logger.warning("the cohort in %s cannot be read: %s", folder, error)
        return None
