"""Where a web-hook may lead: no address makes the platform knock at doors inside its own network."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings

from leaderboard.lib.errors import Refusal

NAT64 = IPv6Network("64:ff9b::/96")
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, kw_only=True)
class Target:
    """``address`` is one that was checked: who connects to it cannot be led elsewhere by another answer of the DNS."""

    scheme: str
    host: str
    port: int
    path: str
    address: str


def target_of(url: str) -> Target:
    """Read and resolve an address.

    Raises
    ------
    Refusal
        It is not https, has a password in it, does not resolve, or leads into a private network that
        WEBHOOK_HOSTS does not name.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise Refusal("This is not an address.", why=str(error)) from error
    host = parts.hostname or ""
    if parts.scheme not in PORTS or not host or any(sign in url for sign in " \r\n\t"):
        raise Refusal("This is not an address of https.", next_step="Give one as https://host/path.")
    if parts.username or parts.password or parts.fragment:
        raise Refusal(
            "An address has no password and no fragment in it.",
            why="It is written in lists and logs.",
            next_step="Who receives it tells us by the signature.",
        )
    found = resolved(host, port)
    named = host.lower() in settings.WEBHOOK_HOSTS
    inside = [one for one in found if not is_public(one)]
    if inside and not named and not (settings.DEBUG and all(one.is_loopback for one in found)):
        raise Refusal(
            f"{host} is inside a private network.",
            why=f"It resolves to {inside[0]}; web-hooks lead to public addresses.",
            next_step="Name the host in WEBHOOK_HOSTS if that is meant.",
        )
    if parts.scheme == "http" and not (all(one.is_loopback for one in found) and (named or settings.DEBUG)):
        raise Refusal(
            "Web-hooks are sent by https only.",
            why="What is told, and its signature, could be read on the way.",
            next_step="Give an address that begins with https://.",
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme=parts.scheme, host=host, port=port, path=path, address=str(found[0]))


def resolved(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    """All of its addresses: one of them in the private network is enough to refuse it."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Refusal(
            f"{host} has no address.", why=getattr(error, "strerror", None) or "", next_step="Look at its spelling."
        ) from error
    return [ip_address(str(one[4][0]).partition("%")[0]) for one in found]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Also of the address that is written within another one."""
    if isinstance(address, IPv6Address):
        inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in NAT64:
            inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
        if any(one is not None and not is_public(one) for one in inner):
            return False
    mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
    return mapped or (address.is_global and not address.is_multicast and not address.is_unspecified)
