"""What the platform cannot do without, asked in a second or two: what is found, in a sentence."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from kombu.exceptions import OperationalError

from leaderboard.celery import app

BROKER_SECONDS = 3
LEAST_FREE = 2 * 1024**3
LARGEST_SKEW = 5.0


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One dependency, whether it is as it must be, and what to know or do."""

    name: str
    ok: bool
    sentence: str


def database() -> Finding:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        return Finding(name="database", ok=False, sentence=f"The database does not answer: {first_line(error)}")
    return Finding(name="database", ok=True, sentence=f"The database ({connection.vendor}) answers.")


def migrations() -> Finding:
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        newer = set(executor.loader.applied_migrations) - set(executor.loader.graph.nodes) - replaced(executor)
    except DatabaseError as error:
        return Finding(name="migrations", ok=False, sentence=f"Migrations cannot be read: {first_line(error)}")
    if newer:
        said = f"The database was migrated by a newer version, {len(newer)} migrations ahead: install that one again."
        return Finding(name="migrations", ok=False, sentence=said)
    if missing:
        said = f"{len(missing)} migrations are missing: run `manage.py migrate`."
        return Finding(name="migrations", ok=False, sentence=said)
    return Finding(name="migrations", ok=True, sentence="All migrations are applied.")


def replaced(executor: MigrationExecutor) -> set[tuple[str, str]]:
    return {old for migration in executor.loader.replacements.values() for old in migration.replaces}


def broker() -> Finding:
    try:
        with app.connection_for_write(connect_timeout=BROKER_SECONDS) as link:
            link.ensure_connection(max_retries=1, interval_start=0, timeout=BROKER_SECONDS)
            kind = link.transport.driver_type
    except (OperationalError, OSError) as error:
        said = f"The broker does not answer: {first_line(error)}. Look at BROKER_URL; nothing is lost meanwhile."
        return Finding(name="broker", ok=False, sentence=said)
    return Finding(name="broker", ok=True, sentence=f"The broker ({kind}) answers.")


def data_folder() -> Finding:
    try:
        with tempfile.TemporaryFile(dir=settings.DATA) as file:
            file.write(b"\0")
    except OSError as error:
        said = f"The data folder {settings.DATA} cannot be written: {error.strerror}. See LEADERBOARD_DATA."
        return Finding(name="data folder", ok=False, sentence=said)
    return Finding(name="data folder", ok=True, sentence=f"The data folder {settings.DATA} can be written.")


def disk() -> Finding:
    """Room for at least a small image, and the tenth part of what there is."""
    try:
        usage = shutil.disk_usage(settings.DATA)
    except OSError as error:
        return Finding(name="disk", ok=False, sentence=f"The disk cannot be looked at: {error.strerror}.")
    free = f"{usage.free / 1024**3:.1f} of {usage.total / 1024**3:.1f} GiB are free under {settings.DATA}"
    if usage.free < min(usage.total / 10, 10 * LEAST_FREE) or usage.free < LEAST_FREE:
        return Finding(name="disk", ok=False, sentence=f"Only {free}: run `manage.py clean`, or add room.")
    return Finding(name="disk", ok=True, sentence=f"{free}.")


def clock() -> Finding:
    """Leases are written by workers' clocks and read by others': they must agree."""
    if connection.vendor != "postgresql":
        return Finding(name="clock", ok=True, sentence="The database has no clock of its own.")
    try:
        with connection.cursor() as cursor:
            before = time.time()
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float8")
            theirs = cursor.fetchone()[0]
            after = time.time()
    except DatabaseError as error:
        return Finding(name="clock", ok=False, sentence=f"The database's clock cannot be read: {first_line(error)}")
    skew = theirs - (before + after) / 2
    if abs(skew) > LARGEST_SKEW:
        said = f"The database's clock is {skew:+.1f} s off this machine's: set both by NTP, or leases end early."
        return Finding(name="clock", ok=False, sentence=said)
    return Finding(name="clock", ok=True, sentence=f"The database's clock agrees with this machine's ({skew:+.2f} s).")


def secrets() -> Finding:
    missing = [name for name in ("SECRET_KEY", "LOG_KEYS") if not os.environ.get(name)]
    if missing and settings.HTTPS:
        said = f"{' and '.join(missing)} lie beside what they protect: give them in the environment."
        return Finding(name="secrets", ok=False, sentence=said)
    where = "as files in the data folder" if missing else "in the environment"
    return Finding(name="secrets", ok=True, sentence=f"Secrets are there, {where}.")


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
