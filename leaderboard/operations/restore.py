"""Putting a backup into an empty platform; everything is checked before anything is written, and again after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
from django.conf import settings
from django.core.management import call_command
from django.core.signing import BadSignature, Signer
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from evaluator.learnt import learn
from leaderboard.accounts.models import User
from leaderboard.audit.models import Chain, Record
from leaderboard.audit.services import faults
from leaderboard.hospitals.models import Hospital
from leaderboard.lib import encrypted
from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import store
from leaderboard.operations.backup import (
    CANARY,
    CHUNK,
    DUMP,
    FOLDERS,
    FORMAT,
    MANIFEST,
    SECRETS,
    Manifest,
    digested,
    orders_are_signed_by,
    run,
)
from leaderboard.rankings.services.verify import document_faults
from leaderboard.submissions.models import Submission

learn(Manifest)


AS_FILES = {"SECRET_KEY": "secret_key", "LOG_KEYS": "log_key", "PLATFORM_KEY": "platform_key"}


def restore(folder: Path) -> tuple[Manifest, list[str]]:
    """Restore into this empty platform; what it said of the secrets that are needed, in sentences.

    Raises
    ------
    Refusal
        The folder is no whole backup (each file that differs is named), of another kind of database or of a newer
        version; the platform is not empty; or what was restored is not what was backed up.
    """
    manifest = read(folder)
    require_fitting(manifest)
    require_whole(folder, manifest)
    require_empty()
    if manifest.database == "postgresql":
        clean = ("--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
        run("pg_restore", *clean, f"--dbname={connection.settings_dict['NAME']}", str(folder / DUMP["postgresql"]))
    else:
        connection.ensure_connection()
        with closing(sqlite3.connect(folder / DUMP["sqlite"])) as dump:
            dump.backup(connection.connection)
    connection.close()
    for name in manifest.files:
        if name.startswith("data/"):
            put(folder / name, settings.DATA / name.removeprefix("data/"))
    call_command("migrate", verbosity=0)  # where the backup is of an older version
    require_the_same(manifest)
    return manifest, list(about_secrets(folder, manifest))


def read(folder: Path) -> Manifest:
    try:
        return msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    except FileNotFoundError as error:
        raise Refusal(
            f"{folder} is no backup, or one that was not finished.",
            why=f"It has no {MANIFEST}, which is written last.",
            next_step="Name the folder that `manage.py backup` was given.",
        ) from error
    except (msgspec.DecodeError, OSError) as error:
        raise Refusal(f"The {MANIFEST} in {folder} cannot be read.", why=str(error)) from error


def require_fitting(manifest: Manifest) -> None:
    if manifest.format != FORMAT:
        raise Refusal(f"The backup has format {manifest.format}; this version reads {FORMAT}.")
    if manifest.database != connection.vendor:
        raise Refusal(
            f"The backup is of {manifest.database}, and this platform runs on {connection.vendor}.",
            next_step="Set DATABASE_URL to a database of that kind.",
        )
    known = MigrationLoader(None).disk_migrations or {}
    newer = [f"{app}.{name}" for app, name in manifest.migrations if (app, name) not in known]
    if newer:
        raise Refusal(
            "The backup is of a newer version of the platform.",
            why=f"It was migrated by {', '.join(newer[:5])}, which this version does not have.",
            next_step=f"Install version {manifest.version} or a later one, and restore there.",
        )


def require_whole(folder: Path, manifest: Manifest) -> None:
    """Every file, by name."""
    wrong = []
    for name, kept in manifest.files.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            wrong.append(f"{name} lies outside")
        elif not path.is_file():
            wrong.append(f"{name} is missing")
        elif digested(path) != kept:
            wrong.append(f"{name} was changed")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    wrong += [f"{name} was added" for name in sorted(found - set(manifest.files) - {MANIFEST})]
    if wrong:
        raise Refusal(
            "The backup is not what was backed up; nothing was restored.",
            why=f"{'; '.join(wrong[:20])}.",
            next_step="Take another copy of it, or an older backup.",
        )


def require_empty() -> None:
    tables = set(connection.introspection.table_names())
    rows = [model for model in (User, Record, Hospital, Submission) if model._meta.db_table in tables]
    files = [path for name in FOLDERS for path in (settings.DATA / name).glob("*")]
    if files or any(model._default_manager.exists() for model in rows):
        raise Refusal(
            "This platform is not empty; nothing was restored.",
            why="A backup takes the place of everything.",
            next_step="Restore into a new database (DATABASE_URL) and a new data folder (LEADERBOARD_DATA).",
        )


def put(path: Path, there: Path) -> None:
    there.parent.mkdir(parents=True, exist_ok=True)
    with path.open("rb") as file:
        store(iter(lambda: file.read(CHUNK), b""), there, limit=2**63)


def require_the_same(manifest: Manifest) -> None:
    wrong = [*faults(), *document_faults()]
    chain = Chain.objects.first() or Chain()
    if manifest.audit_records and (chain.length, chain.head) != (manifest.audit_records, manifest.audit_head):
        wrong.append(f"The audit log ends at {chain}, and not where the manifest says.")
    for submission in Submission.objects.only("pk", "archive_sha256", "weights_sha256", "joined_sha256"):
        kept = manifest.files.get(f"data/archives/{submission.pk}.tar")
        if kept is not None and submission.stored_sha256 not in ("", kept.sha256):
            wrong.append(f"The archive of submission {submission.pk} is not the one that was handed in.")
    if wrong:
        raise Refusal(
            "What was restored is not whole: do not use it.",
            why=" ".join(wrong[:20]),
            next_step="Restore another backup into an empty platform.",
        )


def about_secrets(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Whether the keys of this installation read what was restored, and where those of the backup are."""
    if manifest.with_secrets:
        found = msgspec.json.decode((folder / SECRETS).read_bytes(), type=dict[str, str])
        for name, value in found.items():
            path = settings.DATA / AS_FILES[name]
            path.touch(mode=0o600)
            path.write_text(value.partition(" ")[0] if name == "LOG_KEYS" else value)
        yield f"Its secrets lie in the data folder as files; {SECRETS} has them for the environment, which goes first."
        yield "Start every process again."
        return
    try:
        fits = Signer().unsign(manifest.signed_canary) == CANARY
    except BadSignature:
        fits = False
    yield (
        "SECRET_KEY is the one of the backup."
        if fits
        else "SECRET_KEY is another one: set the old one, or people log in anew and second factors are set up again."
    )
    yield (
        "LOG_KEYS read the logs of the backup."
        if encrypted.decrypt(manifest.encrypted_canary.encode()) == CANARY
        else "LOG_KEYS are others: set the old ones, or logs of held-out runs cannot be read any more."
    )
    if manifest.platform_key and manifest.platform_key != orders_are_signed_by():
        yield "PLATFORM_KEY is another one: set the old one, or enrol anew every hospital with a machine of its own."
