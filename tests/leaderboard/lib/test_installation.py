"""Bells, leases' small print, and what the system checks say of a bad installation."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.db import transaction
from pytest_django import Settings

from leaderboard.celery import app
from leaderboard.lib import bell, broker
from leaderboard.lib.checks import (
    broker_is_known,
    data_folder_is_writable,
    files_are_for_one_machine,
    mail_has_a_server,
    mail_is_one_way_encrypted,
)
from leaderboard.lib.files import TooLarge, json_digest, store


@pytest.mark.django_db(transaction=True)
def test_a_bell_rings_on_commit_and_says_only_where_to_look() -> None:
    with app.connection_for_write() as link:
        queue = link.SimpleQueue("hospital.lakeside")
        queue.clear()
        with transaction.atomic():
            bell.ring("evaluations.execute", 17, queue="hospital.lakeside")
            assert queue.qsize() == 0
        message = queue.get(timeout=5)
        assert message.headers["task"] == "evaluations.execute"
        assert message.payload[0] == ["17"]
        queue.close()


def test_a_bad_installation_is_told_with_a_hint(settings: Settings, tmp_path: Path) -> None:
    assert data_folder_is_writable() == []
    settings.DATA = tmp_path / "missing"
    settings.CELERY_BROKER_URL = "redis://localhost"
    found = [*data_folder_is_writable(), *broker_is_known()]
    assert [one.id for one in found] == ["leaderboard.E001", "leaderboard.E002"]
    assert all(one.hint for one in found)
    settings.CELERY_BROKER_URL = "files://"
    settings.BROKER = tmp_path / "missing"
    assert [one.id for one in broker_is_known()] == ["leaderboard.E003"]
    assert [one.id for one in files_are_for_one_machine()] == ["leaderboard.W001"]
    settings.CELERY_BROKER_URL = "amqp://user:secret@broker:5672/"
    assert [*broker_is_known(), *files_are_for_one_machine()] == []


def test_mail_that_is_only_printed_or_cannot_be_sent_is_told(settings: Settings) -> None:
    assert mail_is_one_way_encrypted() == []
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = True
    assert [one.id for one in mail_is_one_way_encrypted()] == ["leaderboard.E004"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert [one.id for one in mail_has_a_server()] == ["leaderboard.W002"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    assert mail_has_a_server() == []


def test_the_environment_names_the_mail_server(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("EMAIL_")}
    environment["LEADERBOARD_DATA"] = str(tmp_path)
    show = "from leaderboard import settings as s; print(s.EMAIL_BACKEND.split('.')[-2], s.EMAIL_PORT, s.EMAIL_USE_TLS)"
    command = [sys.executable, "-c", show]
    named = environment | {"EMAIL_HOST": "mail.example.org", "EMAIL_PORT": "587", "EMAIL_USE_TLS": "1"}
    said = [subprocess.check_output(command, env=given, text=True).split() for given in (environment, named)]
    assert said == [["console", "25", "False"], ["smtp", "587", "True"]]


def test_an_installation_as_the_readme_makes_it_passes_the_check_for_deployments(tmp_path: Path) -> None:
    """And one without https is told so: sessions in the clear, roles with a password alone, a key beside its logs."""
    given = {
        "PATH": os.environ["PATH"],
        "LEADERBOARD_DATA": str(tmp_path),
        "DATABASE_URL": "postgresql://leaderboard:secret@127.0.0.1/nobody-asks-it",
        "BROKER_URL": "amqp://leaderboard:secret@127.0.0.1:5672//",
        "SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-0123456789-ABCDEFGH",
        "LOG_KEYS": Fernet.generate_key().decode(),
        "ALLOWED_HOSTS": "leaderboard.example.org",
        "EMAIL_HOST": "mail.example.org",
        "HTTPS": "1",
        "BEHIND_PROXY": "1",
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, env=given, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    bare = subprocess.run(
        command, env=given | {"HTTPS": "0", "LOG_KEYS": ""}, capture_output=True, text=True, check=False
    )
    assert bare.returncode == 1
    for warning in ("security.W012", "security.W016", "leaderboard.W003", "LOG_KEYS lies beside"):
        assert warning in bare.stderr


def test_what_is_too_large_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "archive.tar"
    with pytest.raises(TooLarge):
        store([b"12345", b"67890"], path, limit=9)
    assert list(tmp_path.glob("*archive*")) == []
    assert store([b"12345", b"67890"], path, limit=10).size == 10


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert json_digest({"a": 1, "b": [2]}) == json_digest(json.loads('{"b": [2], "a": 1}'))


def test_delivered_messages_are_tidied_up_after_ten_minutes(settings: Settings) -> None:
    folder = settings.BROKER / "processed"
    folder.mkdir(parents=True)
    for name, age in (("old.platform.msg", 601), ("new.platform.msg", 1)):
        (folder / name).touch()
        os.utime(folder / name, (time.time() - age,) * 2)
    assert broker.prune() == 1
    assert [path.name for path in folder.iterdir()] == ["new.platform.msg"]


def test_processes_that_start_together_share_one_secret(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "SECRET_KEY"}
    environment["LEADERBOARD_DATA"] = str(tmp_path / "a folder")
    command = [sys.executable, "-c", "from leaderboard import settings; print(settings.SECRET_KEY)"]
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1
    assert (tmp_path / "a folder" / "secret_key").stat().st_mode & 0o777 == 0o600
