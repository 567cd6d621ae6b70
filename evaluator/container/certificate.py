"""That the doctor found an engine fit, kept for a day: held-out scans are handed to no other."""

from __future__ import annotations

import hashlib
import logging
import time
from pathlib import Path

import msgspec

from evaluator.container.doctor import DEFAULT_BASE, LIMITS, diagnose
from evaluator.container.engine import ContainerEngine
from evaluator.container.probe import PROGRAM
from evaluator.errors import InputRefused, PlatformFault
from evaluator.learnt import learn

logger = logging.getLogger(__name__)

FILE = "doctor.json"
VALID_SECONDS = 24 * 3600


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """``of`` names the engine, its version, the host's boot, and what was asked; another of these needs a new one."""

    of: str
    at: float
    caps_layers: bool


learn(Certificate)


def require_fit(engine: ContainerEngine, *, state: Path, base: str = DEFAULT_BASE) -> None:
    """Let the doctor look, unless it found this very engine fit within a day; tell the engine whether it caps layers.

    Parameters
    ----------
    engine : ContainerEngine
        The one that is to run on held-out scans.
    state : Path
        Keeps the certificate, and is where folders that are mounted lie.
    base : str
        An image with ``python3``.

    Raises
    ------
    PlatformFault
        A check failed, or the doctor could not look.
    """
    name = _name(engine, base)
    path = state / FILE
    if (known := _read(path)) and known.of == name and 0 <= time.time() - known.at < VALID_SECONDS:
        engine.caps_layers = known.caps_layers
        return
    try:
        found = diagnose(engine, base=base, state=state)
    except InputRefused as error:
        raise PlatformFault(
            "This machine's container engine was not verified, so it gets no held-out scans.",
            why=f"{error.what} {error.why}",
            next_step=error.next_step,
        ) from error
    if not found.fit:
        raise PlatformFault(
            "This machine gets no held-out scans.",
            why=found.sentence,
            next_step="Run `python -m evaluator doctor` there and mend what it names.",
        )
    logger.info("container engine %s: %s", found.facts.version, found.sentence)
    scratch = path.with_name(f".{FILE}.{time.monotonic_ns()}.part")
    scratch.write_bytes(msgspec.json.encode(Certificate(of=name, at=time.time(), caps_layers=found.caps_layers)))
    scratch.replace(path)
    engine.caps_layers = found.caps_layers


def _name(engine: ContainerEngine, base: str) -> str:
    facts = engine.ask_facts()  # an engine that is away, or was replaced, is not the one that was found fit
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    of_engine = (facts.id, facts.version, facts.runtime, facts.storage_driver, str(facts.data_root))
    return hashlib.sha256("\n".join((*of_engine, boot, base, PROGRAM, repr(LIMITS))).encode()).hexdigest()


def _read(path: Path) -> Certificate | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Certificate)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None
