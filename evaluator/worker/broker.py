"""The one connection of a hospital: to its own queue, which it reads, and to its own exchange, which it writes.

Both were declared by the platform when the hospital was enrolled; it may declare nothing.
"""

from __future__ import annotations

import ipaddress
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kombu import Connection, Exchange, Producer, Queue
from kombu.exceptions import OperationalError

from evaluator.errors import HospitalFault, UsageError

CONNECT_SECONDS = 10.0
CONFIRM_SECONDS = 30.0
SLOWEST_BYTES = 50_000  # a second, of a hospital's line
PERSISTENT = 2  # AMQP's word for a message that a restart of the broker does not lose
UNREACHABLE = (OSError, OperationalError)


def work_queue(slug: str) -> Queue:
    name = f"work.{slug}"
    exchange = Exchange(name, type="direct", no_declare=True)
    return Queue(name, exchange=exchange, routing_key=name, no_declare=True)


def tls(url: str, *, ca: Path | None, insecure: bool) -> dict[str, Any] | None:
    """What TLS needs; None for a connection without it, which is refused over a network.

    Raises
    ------
    UsageError
        The URL is no broker's, or nobody would know who is at its other end.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
        raise UsageError(
            "The broker's address is not one.",
            why="It is written amqps://USER:PASSWORD@HOST:PORT/VHOST.",
            next_step="Copy it from the line that the platform gave you.",
        )
    if parts.scheme == "amqps":
        if ca is not None and not ca.is_file():
            raise UsageError(f"{ca} is not a file.", next_step="Give the certificate of the platform's CA with --ca.")
        return {
            "ca_certs": str(ca) if ca else None,  # else the system's
            "cert_reqs": ssl.CERT_REQUIRED,
            "server_hostname": parts.hostname,
        }
    if not insecure and not _is_loopback(parts.hostname):
        raise UsageError(
            f"The connection to {parts.hostname} would not be encrypted.",
            why="Its address begins with amqp://, and the broker is on another machine.",
            next_step="Use amqps://, or --insecure if something else protects the connection.",
        )
    return None


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class BrokerCarrier:
    """Publishes one message after another; each is on the broker's disk when ``carry`` returns."""

    def __init__(self, url: str, *, slug: str, security: dict[str, Any] | None) -> None:
        self._url, self._name, self._security = url, f"results.{slug}", security
        self._connection: Connection | None = None

    def carry(self, body: bytes) -> None:
        """Raises ``HospitalFault`` if the broker did not confirm it; the next call connects again."""
        try:
            producer = self._producer()
            producer.publish(
                body,
                exchange=self._name,
                routing_key=self._name,
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode=PERSISTENT,
                mandatory=True,  # what no queue takes is not sent
                timeout=CONNECT_SECONDS,
                confirm_timeout=CONFIRM_SECONDS + len(body) / SLOWEST_BYTES,
            )
        except Exception as error:
            refused = isinstance(error, self._errors())
            self.close()
            if not refused:
                raise
            raise HospitalFault("The broker did not take a message.", why=str(error) or type(error).__name__) from error

    def _errors(self) -> tuple[type[BaseException], ...]:
        """What a broker that is away, or that refuses, raises here."""
        if self._connection is None:
            return UNREACHABLE
        found: Any = (*UNREACHABLE, *self._connection.connection_errors, *self._connection.channel_errors)
        return tuple(found)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.collect(socket_timeout=1)

    def _producer(self) -> Producer:
        if self._connection is None:
            self._connection = Connection(
                self._url,
                ssl=self._security or False,
                connect_timeout=CONNECT_SECONDS,
                transport_options={"confirm_publish": True},
            )
            self._connection.connect()
        return Producer(self._connection.default_channel, auto_declare=False)
