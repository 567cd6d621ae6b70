"""What is known about an image: its identity is the digest of its config, never a tag."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evaluator.errors import InputRefused

BY_DIGEST = re.compile(r"(?P<name>[a-z0-9][\w.:/-]*)@(?P<digest>sha256:[0-9a-f]{64})")


@dataclass(frozen=True, kw_only=True)
class ImageRecord:
    """An image that is in the engine. ``user`` is as its config says; ``uid`` and ``gid`` are what it resolves to."""

    digest: str  # "sha256:…" of the config
    diff_ids: tuple[str, ...]  # of the uncompressed layers, lowest first
    user: str
    uid: int
    gid: int
    entrypoint: tuple[str, ...]
    cmd: tuple[str, ...]
    env: tuple[str, ...]
    volumes: tuple[str, ...]
    size_bytes: int
    architecture: str
    os: str


@dataclass(frozen=True, kw_only=True)
class TaggedImage:
    """A name of an image, and when the image was last given one, in seconds since the epoch."""

    reference: str
    digest: str
    size_bytes: int
    tagged: float


def by_digest(reference: str) -> tuple[str, str]:
    """Name and manifest digest of ``host/name@sha256:…``.

    Raises
    ------
    InputRefused
        It is no such reference: a tag may be another image tomorrow.
    """
    found = BY_DIGEST.fullmatch(reference)
    if found is None:
        raise InputRefused(f"{reference[:200]!r} names no image by digest.", why="A tag may be another image tomorrow.")
    return found["name"], found["digest"]
