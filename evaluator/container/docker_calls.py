"""Talking to the Docker engine: errors become ours, streams become files and bytes."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import docker
import requests
from docker.errors import APIError, DockerException, NotFound

from evaluator.errors import PlatformFault

LONG_SECONDS = 3600  # loading and reading many gigabytes


def connect(*, seconds: int = 60) -> Any:  # docker-py types only some of its methods
    """Connect to the engine that ``DOCKER_HOST`` or the default socket names."""
    with engine_faults("The container engine does not answer"):
        return docker.from_env(timeout=seconds, max_pool_size=32).api


@contextmanager
def engine_faults(what: str) -> Iterator[None]:
    """Whatever the engine refuses is the platform's fault, said in a sentence."""
    try:
        yield
    except (DockerException, requests.RequestException, OSError) as error:
        why = error.explanation if isinstance(error, APIError) and error.explanation else str(error)
        raise PlatformFault(
            f"{what}.",
            why=f"The engine says: {str(why).strip()[:500]}.",
            next_step="Check that the engine runs (`docker info`) and that this user may use it.",
        ) from error


@contextmanager
def silent_if_gone() -> Iterator[None]:
    """What should be gone and is gone needs no word; neither does killing what has just ended."""
    try:
        yield
    except NotFound:
        return
    except APIError as error:
        over = ("is not running", "already in progress")
        if error.status_code == requests.codes.conflict and any(word in str(error.explanation) for word in over):
            return
        raise


class ByteStream(io.RawIOBase):
    """A file to read from whatever the engine sends in chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        target = memoryview(buffer)  # type: ignore[arg-type]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def log_payloads(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What a container printed, from the engine's framing: a byte of stream, three zeros, four of length, the payload.

    Yields about as often as the engine sends, not once a line: a container that prints millions of lines is then
    counted as fast as the engine can read its own log.
    """
    rest = bytearray()
    for chunk in chunks:
        rest += chunk
        payload, start = bytearray(), 0
        while len(rest) - start >= 8:
            end = start + 8 + int.from_bytes(rest[start + 4 : start + 8], "big")
            if len(rest) < end:
                break
            payload += rest[start + 8 : end]
            start = end
        del rest[:start]
        if payload:
            yield bytes(payload)
