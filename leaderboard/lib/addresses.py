"""From where a request comes: what lockout and rate limits count by."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "0.0.0.0"  # noqa: S104, a socket of the machine has no address


def client_address(request: HttpRequest) -> str:
    """The last entry of X-Forwarded-For is our own proxy's; those before it are whatever the client sent."""
    told = [request.META.get("REMOTE_ADDR", "")]
    if settings.BEHIND_PROXY:
        told.insert(0, request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip())
    for address in told:
        try:
            return str(ip_address(address))
        except ValueError:
            continue
    return UNKNOWN


def client_is_in(request: HttpRequest, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    address = ip_address(client_address(request))
    return any(address in network for network in networks)
