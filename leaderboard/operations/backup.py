"""A backup: the database at one moment, all archives and documents it names, and a manifest that all is checked by.

Nothing stops meanwhile. The database comes first, as it was at one moment; archives and documents never
change, so those copied after it are the ones it names. Scans are the hospitals' and are in no backup.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings
from django.core.signing import Signer
from django.db import connection, transaction
from django.utils import timezone

from evaluator import __version__
from leaderboard.hospitals.services import platform_key
from leaderboard.lib import encrypted
from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import store

FORMAT = 1
MANIFEST = "manifest.json"
DUMP = {"postgresql": "database.dump", "sqlite": "database.sqlite3"}
SECRETS = "secrets.json"
FOLDERS = ("archives", "documents")  # of the data folder; the rest is made again
CHUNK = 4 * 1024**2
CANARY = "backup"
HEAD = "SELECT length, head FROM audit_chain"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the backup."""

    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What the backup holds. The canaries are readable only with the keys that its contents need."""

    format: int
    made: datetime
    version: str
    database: str
    migrations: list[tuple[str, str]]
    audit_records: int
    audit_head: str
    files: dict[str, Kept]
    signed_canary: str
    encrypted_canary: str
    platform_key: str  # its public half; "" where no hospital has a machine of its own
    with_secrets: bool


def backup(folder: Path, *, with_secrets: bool) -> Manifest:
    """Write a backup into a new or empty folder. The manifest comes last: a folder without one is no backup.

    Raises
    ------
    Refusal
        The folder is not empty or cannot be written, or the database's program failed.
    """
    made = timezone.now()
    before = os.umask(0o077)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise Refusal(f"{folder} is not empty.", next_step="Name a folder that is not there yet.")
        dump = folder / DUMP[connection.vendor]
        length, head, migrations = DUMPS[connection.vendor](dump)
        files = {dump.name: digested(dump)}
        files |= {str(path.relative_to(folder)): kept for path, kept in copied(settings.DATA, folder)}
        if with_secrets:
            path = folder / SECRETS
            path.write_bytes(msgspec.json.encode(secrets()))
            files[SECRETS] = digested(path)
        manifest = Manifest(
            format=FORMAT,
            made=made,
            version=__version__,
            database=connection.vendor,
            migrations=migrations,
            audit_records=length,
            audit_head=head,
            files=files,
            signed_canary=Signer().sign(CANARY),
            encrypted_canary=encrypted.encrypt(CANARY).decode(),
            platform_key=orders_are_signed_by(),
            with_secrets=with_secrets,
        )
        (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    except OSError as error:
        raise Refusal(
            "The backup was not made.", why=str(error), next_step="Look at the disk and try again."
        ) from error
    finally:
        os.umask(before)
    return manifest


def dump_postgresql(path: Path) -> tuple[int, str, list[tuple[str, str]]]:
    """`pg_dump` of the very snapshot in which the audit log's head is read."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
        run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={path}")
        cursor.execute(HEAD)
        length, head = cursor.fetchone() or (0, "")
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        return length, head, list(cursor.fetchall())


def dump_sqlite(path: Path) -> tuple[int, str, list[tuple[str, str]]]:
    """SQLite's own way to copy a database that others write; the head is read from the copy."""
    connection.ensure_connection()
    with closing(sqlite3.connect(path)) as copy:
        connection.connection.backup(copy)
        length, head = copy.execute(HEAD).fetchone() or (0, "")
        migrations = copy.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
        copy.execute("PRAGMA journal_mode=DELETE")
    return length, head, migrations


DUMPS = {"postgresql": dump_postgresql, "sqlite": dump_sqlite}


def run(program: str, *arguments: str) -> None:
    """A program of PostgreSQL's on our database, with the password where no list of processes shows it."""
    given = connection.settings_dict
    names = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    environment = os.environ | {ours: str(given[theirs]) for ours, theirs in names.items() if given.get(theirs)}
    try:
        subprocess.run([program, *arguments], env=environment, check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise Refusal(f"There is no {program} here.", next_step="Install PostgreSQL's client programs.") from error
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.split())[-500:]
        raise Refusal(f"{program} failed.", why=said, next_step="It must be as new as the server.") from error


def copied(data: Path, folder: Path) -> Iterator[tuple[Path, Kept]]:
    """Whole files only: what is being written begins with a dot. One that was cleaned away meanwhile is not needed."""
    for name in FOLDERS:
        for path in sorted((data / name).rglob("[!.]*")):
            if not path.is_file():
                continue
            there = folder / "data" / path.relative_to(data)
            there.parent.mkdir(parents=True, exist_ok=True)
            try:
                with path.open("rb") as file:
                    stored = store(iter(lambda: file.read(CHUNK), b""), there, limit=2**63)
            except FileNotFoundError:
                continue
            yield there, Kept(bytes=stored.size, sha256=stored.sha256)


def digested(path: Path) -> Kept:
    with path.open("rb") as file:
        return Kept(bytes=path.stat().st_size, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def secrets() -> Mapping[str, Any]:
    """What nobody can read the backup without; whoever has the folder then has everything."""
    path = settings.DATA / "platform_key"
    platform = settings.PLATFORM_KEY or (path.read_text() if path.exists() else "")
    found = {"SECRET_KEY": settings.SECRET_KEY, "LOG_KEYS": " ".join(settings.LOG_KEYS)}
    return found | ({"PLATFORM_KEY": platform} if platform else {})


def orders_are_signed_by() -> str:
    """The public half of PLATFORM_KEY, by which hospitals know us; "" where none has been made."""
    made = settings.PLATFORM_KEY or (settings.DATA / "platform_key").exists()
    return platform_key().public.text if made else ""
