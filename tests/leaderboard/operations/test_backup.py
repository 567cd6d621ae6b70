"""A backup of the platform as it runs, and the same platform from it: the same page, the same digests, or nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings as here
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.urls import reverse
from psycopg.sql import SQL, Identifier

from leaderboard.audit.models import Chain
from leaderboard.benchmarks.models import Benchmark
from leaderboard.evaluations.models import CohortResult
from leaderboard.lib.documents import path_of
from leaderboard.submissions.models import Submission
from tests.leaderboard.test_worker import database_url

ROOT = Path(__file__).resolve().parents[3]
PAGES = """
import django; django.setup()
from django.test import Client
from leaderboard.evaluations.models import CohortResult
from leaderboard.rankings.models import Snapshot
print(Client(SERVER_NAME="localhost").get(ADDRESS).content.decode())
print([(s.sha256, s.digest()) for s in Snapshot.objects.all()], sorted(CohortResult.objects.values_list("sha256")))
"""

pytestmark = pytest.mark.django_db(transaction=True)


class Place:
    """Another installation of the same version: a database and a data folder of its own."""

    def __init__(self, url: str, data: Path) -> None:
        self.data = data
        own = {"LEADERBOARD_DATA": str(data), "DATABASE_URL": url, "BROKER_URL": "", "PYTHONPATH": str(ROOT)}
        keys = {"SECRET_KEY": here.SECRET_KEY, "LOG_KEYS": " ".join(here.LOG_KEYS)}
        self.environment = os.environ | own | keys | {"DJANGO_SETTINGS_MODULE": "leaderboard.settings"}

    def python(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        env = self.environment | environment
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)

    def restore(self, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        return self.python("manage.py", "restore", str(folder), **environment)

    def shown(self, address: str) -> str:
        done = self.python("-c", PAGES.replace("ADDRESS", repr(address)))
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    if connection.vendor == "sqlite":
        yield Place("", tmp_path / "restored")
        return
    url, name = database_url(), f"restored_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield Place(f"{url.rpartition('/')[0]}/{name}", tmp_path / "restored")
        finally:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture
def made(ranked: Benchmark, data_folder: Path, tmp_path: Path) -> Path:
    """The backup of a small platform; one submission has its archive, another is being written."""
    (data_folder / "archives").mkdir()
    submission = Submission.objects.earliest("pk")
    submission.archive_path.write_bytes(b"an image\n" * 1000)
    digest = sha256(submission.archive_path.read_bytes()).hexdigest()
    Submission.objects.filter(pk=submission.pk).update(archive_sha256=digest)
    (data_folder / "archives/.half.tar.part").write_bytes(b"half")
    call_command("backup", str(tmp_path / "backup"))
    return tmp_path / "backup"


@pytest.mark.core
def test_what_is_restored_shows_the_same_leaderboard_and_digests(made: Path, place: Place, ranked: Benchmark) -> None:
    address = reverse("dashboards:leaderboard", args=[ranked.slug])
    page = Client(SERVER_NAME="localhost").get(address).content.decode()
    done = place.restore(made)
    assert (done.returncode, done.stderr) == (0, "")
    chain = Chain.objects.get()
    assert f"The audit log is whole: {chain.length} records." in done.stdout
    assert "SECRET_KEY is the one of the backup." in done.stdout
    assert "LOG_KEYS read the logs of the backup." in done.stdout
    shown = place.shown(address)
    assert page in shown
    for digest in CohortResult.objects.values_list("sha256", flat=True):
        assert digest in shown
    submission = Submission.objects.earliest("pk")
    assert (place.data / "archives" / submission.archive_path.name).read_bytes() == b"an image\n" * 1000
    assert [path.name for path in (place.data / "archives").iterdir()] == [submission.archive_path.name]


def test_the_manifest_says_where_the_audit_log_ends_and_holds_no_secret(made: Path) -> None:
    text = (made / "manifest.json").read_text()
    manifest = json.loads(text)
    chain = Chain.objects.get()
    assert (manifest["audit_records"], manifest["audit_head"]) == (chain.length, chain.head)
    everything = b"".join(path.read_bytes() for path in made.rglob("*") if path.is_file())
    for secret in (here.SECRET_KEY, *here.LOG_KEYS):
        assert secret.encode() not in everything
    assert all(path.stat().st_mode & 0o077 == 0 for path in made.rglob("*"))


def test_a_backup_without_a_document_that_a_row_names_is_not_taken_for_whole(
    made: Path, place: Place, tmp_path: Path
) -> None:
    """The manifest is right, for the document was lost before the backup was made."""
    lost = CohortResult.objects.earliest("pk").document
    path_of(lost).unlink()
    call_command("backup", str(tmp_path / "poorer"))
    done = place.restore(tmp_path / "poorer")
    assert done.returncode == 1
    assert "What was restored is not whole: do not use it." in done.stderr
    assert lost in done.stderr


@pytest.mark.parametrize("change", ["altered", "missing", "added"])
def test_a_file_that_is_not_what_was_backed_up_is_refused_by_name(made: Path, place: Place, change: str) -> None:
    (archive,) = (made / "data/archives").iterdir()
    if change == "altered":
        archive.write_bytes(b"another image\n" * 1000)
    elif change == "missing":
        archive.unlink()
    else:
        archive = archive.with_name("new.tar")
        archive.touch()
    done = place.restore(made)
    assert done.returncode == 1
    told = {"altered": "was changed", "missing": "is missing", "added": "was added"}[change]
    assert f"data/archives/{archive.name} {told}" in done.stderr
    assert "Traceback" not in done.stderr
    assert list((place.data / "archives").iterdir()) == []


@pytest.mark.core
def test_an_altered_database_is_refused_and_so_is_an_unfinished_backup(made: Path, place: Place) -> None:
    (dump,) = made.glob("database.*")
    dump.write_bytes(dump.read_bytes()[:-1] + b"\1")
    assert f"{dump.name} was changed" in place.restore(made).stderr
    (made / "manifest.json").unlink()
    assert "is no backup, or one that was not finished" in place.restore(made).stderr


def test_a_platform_that_is_not_empty_is_left_as_it_is(made: Path, place: Place) -> None:
    assert place.restore(made).returncode == 0
    again = place.restore(made)
    assert again.returncode == 1
    assert again.stderr.startswith("CommandError: This platform is not empty; nothing was restored.")
    with pytest.raises(CommandError, match="not empty"):
        call_command("restore", str(made))
    with pytest.raises(CommandError, match="is not empty"):
        call_command("backup", str(made))


def test_other_keys_are_said_and_those_of_a_backup_with_secrets_are_put_in_place(
    made: Path, place: Place, tmp_path: Path
) -> None:
    call_command("backup", str(tmp_path / "with"), "--with-secrets")
    other = place.restore(made, SECRET_KEY="another-key", LOG_KEYS="")
    assert "SECRET_KEY is another one: set the old one" in other.stdout
    assert "LOG_KEYS are others: set the old ones" in other.stdout
    shutil.rmtree(place.data)
    if connection.vendor == "postgresql":
        return  # the database is not empty any more; the keys are handled the same
    done = place.restore(tmp_path / "with", SECRET_KEY="", LOG_KEYS="")
    assert done.returncode == 0, done.stderr
    assert (place.data / "secret_key").read_text() == here.SECRET_KEY
    assert (place.data / "log_key").read_text() == here.LOG_KEYS[0]


def test_a_backup_of_a_newer_version_is_refused(made: Path, place: Place) -> None:
    manifest = json.loads((made / "manifest.json").read_text())
    manifest["migrations"].append(["audit", "9999_later"])
    (made / "manifest.json").write_text(json.dumps(manifest))
    done = place.restore(made)
    assert "The backup is of a newer version of the platform." in done.stderr
    assert "audit.9999_later" in done.stderr
