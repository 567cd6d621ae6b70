"""One message put through: to the address that was checked, by a signed request that follows no redirect."""

from __future__ import annotations

import hashlib
import hmac
import time
from dataclasses import dataclass

import certifi
import urllib3

from evaluator import __version__
from leaderboard.lib.errors import Refusal
from leaderboard.webhooks.addresses import Target, target_of

SECONDS = 10.0
SIGNATURE = "Leaderboard-Signature"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``status`` is None where there was no answer, and ``error`` says why."""

    status: int | None
    error: str = ""

    @property
    def ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def signature(body: bytes, *, key: str, at: int) -> str:
    """Of the time and the body, so that an old message cannot be sent again as a new one."""
    digest = hmac.new(key.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def send(url: str, body: bytes, *, key: str, event: str, delivery: str) -> Answer:
    """Never raises: what went wrong is the answer."""
    try:
        target = target_of(url)
    except Refusal as refusal:
        return Answer(status=None, error=str(refusal))
    headers = {
        "Host": host_of(target),
        "Content-Type": "application/json",
        "User-Agent": f"cancer-imaging-leaderboard/{__version__}",
        "Leaderboard-Event": event,
        "Leaderboard-Delivery": delivery,
        SIGNATURE: signature(body, key=key, at=int(time.time())),
    }
    try:
        with pool(target) as connections:
            answer = connections.request(
                "POST", target.path, body=body, headers=headers, redirect=False, retries=False, preload_content=False
            )
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        return Answer(status=None, error=f"{type(error).__name__}: {error}"[:300])
    if 300 <= answer.status < 400:
        return Answer(status=answer.status, error="It answers with a redirect, and none is followed.")
    return Answer(status=answer.status, error="" if 200 <= answer.status < 300 else f"It answers {answer.status}.")


def pool(target: Target) -> urllib3.HTTPConnectionPool:
    timeout = urllib3.Timeout(total=SECONDS)
    if target.scheme == "http":
        return urllib3.HTTPConnectionPool(target.address, target.port, timeout=timeout)
    return urllib3.HTTPSConnectionPool(
        target.address,
        target.port,
        timeout=timeout,
        server_hostname=target.host,
        assert_hostname=target.host,
        ca_certs=certifi.where(),
        cert_reqs="CERT_REQUIRED",
    )


def host_of(target: Target) -> str:
    name = f"[{target.host}]" if ":" in target.host else target.host
    return name if target.port in (80, 443) else f"{name}:{target.port}"
