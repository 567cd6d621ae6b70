"""What is known about an image: its identity is the digest of its config, never a tag."""

from __future__ import annotations

from dataclasses import dataclass


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
