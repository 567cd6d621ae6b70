"""What is wrong with this installation, said at start-up and by `manage.py check`."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004

SCHEMES = ("amqp", "amqps", "pyamqp", "files", "memory")


@register()
def data_folder_is_writable(**_: Any) -> list[CheckMessage]:
    folder = settings.DATA
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return []
    return [
        Error(
            f"The data folder {folder} is not a folder that this process can write.",
            hint="Make it, or name another in LEADERBOARD_DATA.",
            id="leaderboard.E001",
        )
    ]


@register()
def broker_is_known(**_: Any) -> list[CheckMessage]:
    url = urlsplit(settings.CELERY_BROKER_URL)
    if url.scheme not in SCHEMES or (url.scheme.endswith(("amqp", "amqps")) and not url.hostname):
        return [
            Error(
                "BROKER_URL is not the address of a broker that this platform uses.",
                hint="Give amqp://USER:PASSWORD@HOST:5672/ for RabbitMQ, or nothing for the broker of files.",
                id="leaderboard.E002",
            )
        ]
    if url.scheme == "files" and not (settings.BROKER / "messages").is_dir():
        return [
            Error(
                f"The broker's folder {settings.BROKER / 'messages'} is missing.",
                hint="It is made at start-up: make the data folder writable and start again.",
                id="leaderboard.E003",
            )
        ]
    return []


@register()
def mail_is_one_way_encrypted(**_: Any) -> list[CheckMessage]:
    if not (settings.EMAIL_USE_TLS and settings.EMAIL_USE_SSL):
        return []
    return [
        Error(
            "EMAIL_USE_TLS and EMAIL_USE_SSL are both set; no message could be sent.",
            hint="Keep EMAIL_USE_SSL for a server that speaks TLS from the start (port 465), else EMAIL_USE_TLS.",
            id="leaderboard.E004",
        )
    ]


@register(deploy=True)
def mail_has_a_server(**_: Any) -> list[CheckMessage]:
    if not settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return []
    return [
        Warning(
            "E-mail to the organisers is only printed.",
            hint="Name a server in EMAIL_HOST, and the sender in EMAIL_FROM.",
            id="leaderboard.W002",
        )
    ]


@register(deploy=True)
def roles_prove_themselves_twice(**_: Any) -> list[CheckMessage]:
    if settings.REQUIRE_SECOND_FACTOR:
        return []
    return [
        Warning(
            "Organisers, reviewers and data stewards may log in with a password alone.",
            hint="Set REQUIRE_SECOND_FACTOR=1, which is the default with HTTPS=1.",
            id="leaderboard.W003",
        )
    ]


@register(deploy=True)
def secrets_come_from_the_environment(**_: Any) -> list[CheckMessage]:
    missing = [name for name in ("SECRET_KEY", "LOG_KEYS") if not os.environ.get(name)]
    if not missing:
        return []
    return [
        Warning(
            f"{' and '.join(missing)} {'lies' if len(missing) == 1 else 'lie'} beside what is protected, as a file.",
            hint="Make them once, keep them elsewhere, and give them to every process in its environment.",
            id="leaderboard.W004",
        )
    ]


@register(deploy=True)
def files_are_for_one_machine(**_: Any) -> list[CheckMessage]:
    if not settings.CELERY_BROKER_URL.startswith("files:"):
        return []
    return [
        Warning(
            "The broker is a folder: every worker must run on this machine.",
            hint="Set BROKER_URL to a RabbitMQ address where hospitals have machines of their own.",
            id="leaderboard.W001",
        )
    ]
