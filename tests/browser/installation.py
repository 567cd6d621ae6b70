"""A whole small platform in processes of its own: database, site, workers. Nothing of it outlives the tests."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import requests
from psycopg.sql import SQL, Identifier

from tests.engines import certify

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 20
WORKER = ("celery", "--app", "leaderboard", "worker", "--loglevel", "INFO", "--without-gossip", "--without-mingle")
DESK = "import django; django.setup(); from tests.browser import desk; desk.serve()"


@contextmanager
def own_database() -> Iterator[dict[str, str]]:
    """A database of our own on the server that DATABASE_URL names, else SQLite in the data folder."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        yield {"DATABASE_URL": ""}
        return
    name = f"browser_{uuid4().hex}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        try:
            yield {"DATABASE_URL": urlsplit(url)._replace(path=f"/{name}").geturl()}
        finally:
            server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


@contextmanager
def own_broker() -> Iterator[dict[str, str]]:
    """A virtual host of our own at the RabbitMQ that BROKER_URL names, so that no other test's worker takes our work;
    else files in the data folder."""
    url, admin = (urlsplit(os.environ.get(name, "")) for name in ("BROKER_URL", "BROKER_ADMIN_URL"))
    if url.scheme != "amqp":
        yield {}
        return
    name = f"browser-{uuid4().hex}"
    server = f"{admin.scheme}://{admin.hostname}:{admin.port}/api"
    with requests.Session() as session:
        session.auth = (admin.username or "", admin.password or "")
        session.put(f"{server}/vhosts/{name}", timeout=60).raise_for_status()
        every = {"configure": ".*", "write": ".*", "read": ".*"}
        try:
            session.put(f"{server}/permissions/{name}/{url.username}", json=every, timeout=60).raise_for_status()
            yield {"BROKER_URL": url._replace(path=f"/{name}").geturl()}
        finally:
            session.delete(f"{server}/vhosts/{name}", timeout=60).raise_for_status()


@contextmanager
def running(command: tuple[str, ...], log: Path, environment: dict[str, str], **options: Any) -> Iterator[Any]:
    """A process in a group of its own: TERM to it alone in the end, and KILL to whatever is left of the group."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment,
            **({"stdout": out} | options),
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            kill_group(process.pid)
            process.wait()


def kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return


class Desk:
    """Asks the process that may use the models: Playwright's event loop forbids Django's database in this one."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    def __call__(self, act: str, **given: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([act, given]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise AssertionError(f"The desk could not {act}:\n{self._log.read_text()[-4000:]}")
        return json.loads(answer)


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What the tests know of it: where the site answers, the desk, and where the logs are."""

    address: str
    desk: Desk
    folder: Path


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Everything that docker/demo.sh starts, on a free port, with leases short enough to watch them run out."""
    with ExitStack() as stack:
        environment = os.environ | {
            "LEADERBOARD_DATA": str(folder / "data"),
            "COHORT_ROOTS": str(folder / "cohorts"),
            "DJANGO_SETTINGS_MODULE": "leaderboard.settings",
            "PYTHONUNBUFFERED": "1",
            "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",  # the desk's answers are on stdout
            "RECONCILE_SECONDS": "2",
            "RETRY_SECONDS": "1",
            **stack.enter_context(own_database()),
            **stack.enter_context(own_broker()),
        }
        desk_log = folder / "desk.log"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = stack.enter_context(running(("-c", DESK), desk_log, environment, **pipes))
        stack.callback(process.stdout.close)
        stack.callback(process.stdin.close)
        desk = Desk(process, desk_log)
        desk("furnish", folder=str(folder / "cohorts"))
        certify(folder / "data/state")
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        site = ("-m", "gunicorn", "leaderboard.wsgi", "--bind", f"fd://{door.fileno()}", "--threads", "8")
        services = {
            "site": ((*site, "--timeout", "300"), {"pass_fds": [door.fileno()]}),
            "platform": (("-m", *WORKER, "--beat", "--queues", "platform", "--concurrency", "1"), {}),
            "hospitals": (("-m", *WORKER, "--queues", "hospitals", "--concurrency", "2"), {}),
        }
        for name, (command, options) in services.items():
            named = command if name == "site" else (*command, "--hostname", f"{name}@browser")
            stack.enter_context(running(named, folder / f"{name}.log", environment, **options))
        yield Installation(address=f"http://127.0.0.1:{door.getsockname()[1]}", desk=desk, folder=folder)
