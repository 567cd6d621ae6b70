"""A hospital's place at the broker, made and taken away through RabbitMQ's management: what enrolment does."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlsplit

import kombu
import requests

VHOST = "%2F"
ORDER = "evaluator.order"


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message as it lay in a queue."""

    body: bytes
    properties: dict[str, Any]


@dataclass(kw_only=True)
class BrokerPlace:
    """User, queues and permissions of one hospital; a context manager that leaves nothing behind.

    ``platform_url`` and ``admin_url`` are the platform's own way in.
    """

    slug: str
    platform_url: str = field(default_factory=lambda: os.environ["BROKER_URL"])
    admin_url: str = field(default_factory=lambda: os.environ["BROKER_ADMIN_URL"])
    password: str = field(default_factory=lambda: secrets.token_hex(12))

    @property
    def url(self) -> str:
        """The hospital's own way in."""
        parts = urlsplit(self.platform_url)
        return f"amqp://{self.user}:{self.password}@{parts.hostname}:{parts.port}//"

    @property
    def user(self) -> str:
        return f"hospital-{self.slug}"

    def __enter__(self) -> Self:
        for name in (f"work.{self.slug}", f"results.{self.slug}"):
            self._ask("PUT", f"exchanges/{VHOST}/{name}", type="direct", durable=True)
            self._ask("PUT", f"queues/{VHOST}/{name}", durable=True)
            self._ask("POST", f"bindings/{VHOST}/e/{name}/q/{name}", routing_key=name)
        self.enrol()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.revoke()
        for name in (f"work.{self.slug}", f"results.{self.slug}"):
            self._ask("DELETE", f"queues/{VHOST}/{name}")
            self._ask("DELETE", f"exchanges/{VHOST}/{name}")

    def enrol(self) -> None:
        self._ask("PUT", f"users/{self.user}", password=self.password, tags="")
        self._ask(
            "PUT",
            f"permissions/{VHOST}/{self.user}",
            configure="^$",
            write=rf"^results\.{self.slug}$",
            read=rf"^work\.{self.slug}$",
        )

    def revoke(self) -> None:
        """Its user is gone, and its connections are closed."""
        self._ask("DELETE", f"users/{self.user}")
        for connection in self._ask("GET", "connections").json():
            if connection.get("user") == self.user:
                self._ask("DELETE", f"connections/{quote(connection['name'], safe='')}")

    def send_order(self, sealed: bytes) -> None:
        """As the platform sends it: a task of Celery's, by name."""
        identity = secrets.token_hex(8)
        self.publish(
            [[sealed.decode()], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}],
            serializer="json",
            headers={"lang": "py", "task": ORDER, "id": identity, "root_id": identity, "parent_id": None},
            correlation_id=identity,
        )

    def publish(self, body: Any, **properties: Any) -> None:
        """Anything at all, to the hospital's queue."""
        name = f"work.{self.slug}"
        with kombu.Connection(self.platform_url) as connection:
            producer = kombu.Producer(connection.default_channel, auto_declare=False)
            producer.publish(body, exchange=name, routing_key=name, **properties)

    def reports(self) -> list[Sent]:
        """What the hospital sent since this was last asked."""
        found = []
        with kombu.Connection(self.platform_url) as connection:
            channel: Any = connection.default_channel
            while message := channel.basic_get(f"results.{self.slug}", no_ack=True):
                found.append(Sent(body=message.body, properties=dict(message.properties)))
        return found

    def waiting(self) -> int:
        """Orders that no worker took."""
        with kombu.Connection(self.platform_url) as connection:
            channel: Any = connection.default_channel
            declared = channel.queue_declare(f"work.{self.slug}", passive=True)
        return int(declared.message_count)

    def _ask(self, method: str, path: str, **document: Any) -> requests.Response:
        parts = urlsplit(self.admin_url)
        answer = requests.request(
            method,
            f"http://{parts.hostname}:{parts.port}/api/{path}",
            auth=(parts.username or "", parts.password or ""),
            json=document or None,
            timeout=30,
        )
        if answer.status_code != requests.codes.not_found:
            answer.raise_for_status()
        return answer
