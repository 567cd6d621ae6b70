"""PostgreSQL, RabbitMQ and a registry of a test's own, each on loopback ports that nobody else knows, to be killed."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import kombu
import psycopg
import requests
from psycopg import sql

from tests.hospitals.spawned import Spawned

USER = "leaderboard"
Spawn = Callable[..., Spawned]
AS_POSTGRES = ("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "env")


@dataclass(frozen=True, kw_only=True)
class Services:
    """What a platform stands on."""

    postgresql: Spawned
    rabbitmq: Spawned
    registry: Spawned
    password: str
    database_port: int
    broker_port: int
    admin_port: int
    registry_port: int

    def database_url(self, name: str) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.database_port}/{name}"

    @property
    def broker_url(self) -> str:
        return f"amqp://{USER}:{self.password}@127.0.0.1:{self.broker_port}//"

    @property
    def admin_url(self) -> str:
        return f"http://{USER}:{self.password}@127.0.0.1:{self.admin_port}"

    @property
    def registry_place(self) -> str:
        return f"127.0.0.1:{self.registry_port}"

    def database_answers(self) -> bool:
        try:
            psycopg.connect(self.database_url("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def broker_answers(self) -> bool:
        try:
            with kombu.Connection(self.broker_url, connect_timeout=2) as connection:
                connection.connect()
            return requests.get(f"{self.admin_url}/api/overview", timeout=2).ok
        except (OSError, requests.RequestException):
            return False

    def registry_answers(self) -> bool:
        try:
            return requests.get(f"http://{self.registry_place}/v2/", timeout=2).ok
        except requests.RequestException:
            return False

    def create_database(self, name: str, *, like: str | None = None) -> str:
        """Its URL. With ``like``, a copy of that one, which nobody may be connected to."""
        with psycopg.connect(self.database_url("postgres"), autocommit=True) as connection:
            template = sql.SQL(" TEMPLATE {}").format(sql.Identifier(like)) if like else sql.SQL("")
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + template)
        return self.database_url(name)


@contextmanager
def services(folder: Path) -> Iterator[Services]:
    """All three answer; they end with the context, and leave what they wrote below ``folder``."""
    password = secrets.token_hex(12)
    database, broker, admin, distribution, epmd, registry = free_ports(6)
    place = folder / "services"
    place.mkdir()
    shutil.chown(place, "postgres", "postgres")
    with ExitStack() as ends:

        def spawned(name: str, command: list[str], **environment: str) -> Spawned:
            own = {**os.environ, "HOME": str(place), **environment}
            one = Spawned(name, command, log=folder / f"{name}.log", environment=own, folder=place)
            ends.callback(one.kill)
            one.start()
            return one

        found = Services(
            postgresql=spawned("postgresql", _postgresql(place, port=database, password=password)),
            rabbitmq=_rabbitmq(place, spawned, password=password, ports=(broker, admin, distribution, epmd)),
            registry=spawned("registry", _registry(place, port=registry)),
            password=password,
            database_port=database,
            broker_port=broker,
            admin_port=admin,
            registry_port=registry,
        )
        found.postgresql.wait_until(found.database_answers)
        found.registry.wait_until(found.registry_answers)
        found.rabbitmq.wait_until(found.broker_answers, seconds=120)
        yield found


def free_ports(number: int) -> list[int]:
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [int(one.getsockname()[1]) for one in held]
    for one in held:
        one.close()
    return ports


def _postgresql(place: Path, *, port: int, password: str) -> list[str]:
    """Nothing is synced to the disk: a killed process loses no write, only a machine that loses power does."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    programs = found[-1].parent
    secret = place / "password"
    secret.write_text(password)
    shutil.chown(secret, "postgres", "postgres")
    made = [f"--pgdata={place}/postgresql", f"--username={USER}", f"--pwfile={secret}", "--auth=scram-sha-256"]
    made += ["--encoding=UTF8", "--locale=C", "--no-sync"]
    subprocess.run([*AS_POSTGRES, str(programs / "initdb"), *made], check=True, capture_output=True, cwd=place)
    options = {"unix_socket_directories": "", "fsync": "off", "full_page_writes": "off"}
    given = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    run = [str(programs / "postgres"), "-D", f"{place}/postgresql", "-h", "127.0.0.1", "-p", str(port)]
    return [*AS_POSTGRES, *run, *given]


def _rabbitmq(place: Path, spawned: Spawn, *, password: str, ports: tuple[int, int, int, int]) -> Spawned:
    """A node that no other node on this machine can meet."""
    broker, admin, distribution, epmd = ports
    rabbit = place / "rabbitmq"
    rabbit.mkdir()
    settings = {
        "default_user": USER,
        "default_pass": password,
        "loopback_users": "none",
        "listeners.tcp.1": f"127.0.0.1:{broker}",
        "management.tcp.ip": "127.0.0.1",
        "management.tcp.port": str(admin),
        "disk_free_limit.absolute": "50MB",
        "log.console": "true",
        "log.file": "false",
    }
    (rabbit / "node.conf").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    (rabbit / "plugins").write_text("[rabbitmq_management].")
    (rabbit / "environment").touch()
    for path in (rabbit, *rabbit.iterdir()):
        shutil.chown(path, "postgres", "postgres")
    own = {"ERL_EPMD_PORT": str(epmd), "ERL_EPMD_ADDRESS": "127.0.0.1"}
    spawned("epmd", [*AS_POSTGRES, "epmd", "-port", str(epmd), "-address", "127.0.0.1"], **own)
    return spawned(
        "rabbitmq",
        [*AS_POSTGRES, "/usr/lib/rabbitmq/bin/rabbitmq-server"],
        **own,
        HOME=str(rabbit),
        RABBITMQ_NODENAME=f"hospitals{broker}@localhost",
        RABBITMQ_DIST_PORT=str(distribution),
        RABBITMQ_CONFIG_FILE=str(rabbit / "node.conf"),
        RABBITMQ_CONF_ENV_FILE=str(rabbit / "environment"),
        RABBITMQ_ENABLED_PLUGINS_FILE=str(rabbit / "plugins"),
        RABBITMQ_MNESIA_BASE=str(rabbit / "mnesia"),
        RABBITMQ_LOG_BASE=str(rabbit / "log"),
        RABBITMQ_PID_FILE=str(rabbit / "pid"),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="-kernel inet_dist_use_interface {127,0,0,1}",
    )


def _registry(place: Path, *, port: int) -> list[str]:
    config = place / "registry.yml"
    config.write_text(
        "version: 0.1\nlog: {level: warn}\n"
        f"storage: {{filesystem: {{rootdirectory: {place}/registry}}, delete: {{enabled: true}}}}\n"
        f"http: {{addr: '127.0.0.1:{port}'}}\n"
    )
    return ["docker-registry", "serve", str(config)]
