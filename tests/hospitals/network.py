"""Hospitals in network namespaces of their own: each has one cable, and at its other end a relay to what it may reach.

The cables end in a namespace that is nobody else's either, so a hospital can reach nothing of the machine by mistake.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from tests.hospitals.relay import Relay

CLONE_NEWNET = 0x40000000
BROKER, REGISTRY = 5672, 5000  # as hospitals see them
Made = TypeVar("Made")


@dataclass(frozen=True, kw_only=True)
class Cable:
    """A hospital's connection. ``cut`` lets nothing through, and tells nobody."""

    number: int
    namespace: str
    outside: str  # the namespace of the other end

    @property
    def relay(self) -> str:
        return f"10.117.{self.number}.1"

    @property
    def address(self) -> str:
        return f"10.117.{self.number}.2"

    @property
    def device(self) -> str:
        """At the relay's end."""
        return f"cable{self.number}"

    def cut(self) -> None:
        ip("-n", self.outside, "link", "set", self.device, "down")

    def mend(self) -> None:
        ip("-n", self.outside, "link", "set", self.device, "up")


@contextmanager
def network(hospitals: int, *, broker_port: int, registry_port: int) -> Iterator[tuple[Cable, ...]]:
    """As many cables; each relay leads to the broker and the registry on this machine's loopback, and nowhere else."""
    us = os.getpid()
    outside = f"cil-{us}-outside"
    names = [f"cil-{us}-h{number}" for number in range(1, hospitals + 1)]
    relays = []
    made: list[str] = []
    try:
        for name in (outside, *names):
            ip("netns", "add", name)
            made.append(name)
            quiet = "net.ipv6.conf.all.disable_ipv6=1"
            subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw", quiet], check=True)
            ip("-n", name, "link", "set", "lo", "up")
        cables = tuple(
            Cable(number=number, namespace=name, outside=outside) for number, name in enumerate(names, start=1)
        )
        for cable in cables:
            _lay(cable)
            for port, to in ((BROKER, broker_port), (REGISTRY, registry_port)):
                listener = inside(outside, partial(socket.create_server, (cable.relay, port)))
                relays.append(Relay(listener, to=("127.0.0.1", to)))
        yield cables
    finally:
        for relay in relays:
            relay.close()
        for name in made:
            subprocess.run(["ip", "netns", "delete", name], check=True)


def _lay(cable: Cable) -> None:
    ip(
        "-n",
        cable.outside,
        "link",
        "add",
        cable.device,
        "type",
        "veth",
        "peer",
        "name",
        "eth0",
        "netns",
        cable.namespace,
    )
    for namespace, device, address in (
        (cable.outside, cable.device, cable.relay),
        (cable.namespace, "eth0", cable.address),
    ):
        ip("-n", namespace, "address", "add", f"{address}/30", "dev", device)
        ip("-n", namespace, "link", "set", device, "up")


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def inside(namespace: str, make: Callable[[], Made]) -> Made:
    """What is made within a network namespace stays there: a socket, say. Only a thread of its own enters it."""
    made: list[Made] = []

    def enter() -> None:
        with Path(f"/run/netns/{namespace}").open() as file:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(file.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"network namespace {namespace} cannot be entered")
        made.append(make())

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return made[0]
