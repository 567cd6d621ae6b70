"""Every dependency of this installation, in a sentence each."""

from __future__ import annotations

import http.client
import os
import smtplib
import urllib.error
import urllib.request
from collections.abc import Iterator

from django.conf import settings
from django.core.mail import get_connection

from evaluator.errors import EvaluatorError
from leaderboard.evaluations.services import engine_examine
from leaderboard.lib import dependencies
from leaderboard.lib.dependencies import Finding, first_line

REGISTRY_SECONDS = 5


def examine(*, engine: bool) -> Iterator[Finding]:
    """One after the other, so that who waits sees them come. ``engine``: also what this machine's engine keeps."""
    yield dependencies.database()
    yield dependencies.migrations()
    yield dependencies.clock()
    yield dependencies.broker()
    yield dependencies.data_folder()
    yield dependencies.disk()
    yield dependencies.secrets()
    yield mail()
    if address := os.environ.get("REGISTRY_URL"):
        yield registry(address)
    if engine:
        yield from container_engine()


def mail() -> Finding:
    if not settings.EMAIL_HOST:
        said = "E-mail is only printed, as no EMAIL_HOST is named; alarms are under Operations."
        return Finding(name="e-mail", ok=True, sentence=said)
    where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with get_connection():
            pass
    except (smtplib.SMTPException, OSError) as error:
        said = f"The e-mail server {where} does not take us: {first_line(error)}. See EMAIL_HOST and what follows it."
        return Finding(name="e-mail", ok=False, sentence=said)
    return Finding(name="e-mail", ok=True, sentence=f"The e-mail server {where} takes us.")


def registry(address: str) -> Finding:
    """A registry says 200 or, where it wants to know who asks, 401."""
    base = address if "//" in address else f"http://{address}"
    try:
        with urllib.request.urlopen(f"{base.rstrip('/')}/v2/", timeout=REGISTRY_SECONDS) as answer:  # noqa: S310 - an organiser's own address
            code = answer.status
    except urllib.error.HTTPError as error:
        code = error.code
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = f"The registry {host_of(base)} does not answer: {first_line(error)}. See REGISTRY_URL."
        return Finding(name="registry", ok=False, sentence=said)
    if code in (200, 401):
        return Finding(name="registry", ok=True, sentence=f"The registry {host_of(base)} answers.")
    said = f"At {host_of(base)} there is no registry: it answers {code}. See REGISTRY_URL."
    return Finding(name="registry", ok=False, sentence=said)


def host_of(base: str) -> str:
    """Without a password that may be in it."""
    return base.partition("//")[2].rpartition("@")[2].partition("/")[0]


def container_engine() -> Iterator[Finding]:
    """What the contract promises to hospitals, measured. Workers ask the same before their first held-out scan."""
    try:
        found = engine_examine()
    except EvaluatorError as error:
        said = " ".join(part for part in (error.what, error.why, error.next_step) if part)
        yield Finding(name="container engine", ok=False, sentence=said)
        return
    for finding in found.findings:
        yield Finding(name=finding.check, ok=finding.ok or not finding.essential, sentence=finding.sentence)
    yield Finding(name="container engine", ok=found.fit, sentence=found.sentence)
