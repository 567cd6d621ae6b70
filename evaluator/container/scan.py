"""An optional look at an image's packages by trivy or syft, where installed. It decides nothing: people read it."""

from __future__ import annotations

import logging
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

LARGEST_REPORT = 1_000_000  # characters; of a longer one the beginning is kept
SECONDS = 900.0
# Without a network: what they know of vulnerabilities is what was installed with them.
SCANNERS = {
    "trivy": ("image", "--offline-scan", "--skip-db-update", "--skip-java-db-update", "--quiet", "--input"),
    "syft": ("scan", "--quiet"),
}


@dataclass(frozen=True, kw_only=True)
class ScanReport:
    """What a scanner said, or why it said nothing."""

    scanner: str
    text: str
    ok: bool


def scan_archive(path: Path, *, seconds: float = SECONDS) -> ScanReport | None:
    """Let the first scanner that is installed look at a checked archive; None where there is none.

    A scanner that fails, or takes too long, is a report that says so: it is no fault of the submission.
    """
    for name, arguments in SCANNERS.items():
        if program := shutil.which(name):
            return _run(name, [program, *arguments, _named(name, path)], seconds)
    return None


def _named(scanner: str, path: Path) -> str:
    return f"docker-archive:{path}" if scanner == "syft" else str(path)


def _run(scanner: str, command: list[str], seconds: float) -> ScanReport:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=seconds,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return ScanReport(scanner=scanner, text=f"{scanner} was stopped after {seconds:g} s.", ok=False)
    except OSError as error:
        return ScanReport(scanner=scanner, text=f"{scanner} did not start: {error}.", ok=False)
    if done.returncode:
        logger.warning("%s ended with %d", scanner, done.returncode)
        return ScanReport(scanner=scanner, text=_short(done.stderr or done.stdout), ok=False)
    return ScanReport(scanner=scanner, text=_short(done.stdout), ok=True)


def _short(text: str) -> str:
    if len(text) <= LARGEST_REPORT:
        return text
    return f"{text[:LARGEST_REPORT]}\n… {len(text) - LARGEST_REPORT:,} characters more"
