"""RabbitMQ's management API: what one hospital may do there, and how that ends.

A hospital reads its own queue and writes to its own exchange. It can declare nothing, and publish nowhere else: not
through the default exchange either, which would need write permission on every queue.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from django.conf import settings

from leaderboard.lib.errors import Refusal

SECONDS = 20
LARGEST_BACKLOG = 1024**3  # bytes of reports that wait to be read; then the hospital keeps them in its outbox
CONNECTIONS = 8


def user_of(slug: str) -> str:
    return f"hospital.{slug}"


def work_queue(slug: str) -> str:
    return f"work.{slug}"


def results_queue(slug: str) -> str:
    return f"results.{slug}"


def is_set_up() -> bool:
    return bool(settings.BROKER_ADMIN_URL) and urlsplit(settings.CELERY_BROKER_URL).scheme in ("amqp", "amqps")


def open_for(slug: str, *, password: str) -> None:
    """Make the hospital's queues, exchanges and user; again, it only gets a new password.

    Raises
    ------
    Refusal
        There is no RabbitMQ, or it does not do what it is asked to.
    """
    vhost, user = _vhost(), user_of(slug)
    for name, arguments in (
        (work_queue(slug), {}),
        (
            results_queue(slug),
            {
                "x-single-active-consumer": True,  # so that what a hospital says is read in its order
                "x-max-length-bytes": LARGEST_BACKLOG,
                "x-overflow": "reject-publish",
            },
        ),
    ):
        _ask("PUT", f"exchanges/{vhost}/{name}", {"type": "direct", "durable": True})
        _ask("PUT", f"queues/{vhost}/{name}", {"durable": True, "arguments": arguments})
        _ask("POST", f"bindings/{vhost}/e/{name}/q/{name}", {"routing_key": name})
    _ask("PUT", f"users/{user}", {"password": password, "tags": ""})
    _ask("PUT", f"user-limits/{user}/max-connections", {"value": CONNECTIONS})
    _ask(
        "PUT",
        f"permissions/{vhost}/{user}",
        {
            "configure": "^$",
            "write": f"^{re.escape(results_queue(slug))}$",
            "read": f"^{re.escape(work_queue(slug))}$",
        },
    )


def close_for(slug: str) -> None:
    """Remove the user, which ends its connections at once, and what waits for it. Reports not read yet are kept."""
    _ask("DELETE", f"users/{user_of(slug)}", missing_is_fine=True)
    _ask("DELETE", f"queues/{_vhost()}/{work_queue(slug)}/contents", missing_is_fine=True)


def _vhost() -> str:
    return quote(urlsplit(settings.CELERY_BROKER_URL).path.removeprefix("/") or "/", safe="")


def _ask(method: str, path: str, content: dict[str, Any] | None = None, *, missing_is_fine: bool = False) -> None:
    if not is_set_up():
        raise Refusal(
            "Hospitals with machines of their own need RabbitMQ.",
            why="BROKER_URL names none, or BROKER_ADMIN_URL, the address of its management API, is not set.",
            next_step="Set both, with a user that is an administrator there, and start again.",
        )
    found = urlsplit(settings.BROKER_ADMIN_URL)
    address = f"{found.scheme}://{found.hostname}:{found.port or 15672}/api/{path}"
    try:
        answer = requests.request(
            method, address, json=content, auth=(found.username or "", found.password or ""), timeout=SECONDS
        )
    except requests.RequestException as error:
        raise Refusal(
            "RabbitMQ's management API does not answer.",
            why=type(error).__name__,
            next_step="See that it runs, with its management plugin, and that BROKER_ADMIN_URL is right.",
        ) from error
    if answer.status_code == requests.codes.not_found and missing_is_fine:
        return
    if not answer.ok:
        raise Refusal(
            f"RabbitMQ refused to {method} {path}.",
            why=f"It answers {answer.status_code}: {answer.text[:200]}",
            next_step="The user of BROKER_ADMIN_URL must be an administrator.",
        )
