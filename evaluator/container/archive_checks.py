"""What is bounded in an image archive, and the list of checks a team sees while it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from evaluator.errors import ArchiveCheck, ImageRefused

REBUILD = "Write the archive again with `docker save IMAGE | gzip > image.tar.gz` and upload that file."


@dataclass(frozen=True, kw_only=True)
class ArchiveLimits:
    """Bounds on what an archive may hold; all of them well above what real images need."""

    archive_bytes: int = 32 * 1024**3
    unpacked_bytes: int = 64 * 1024**3
    members: int = 2048
    layers: int = 127  # what the engine's overlay file system can stack
    layer_entries: int = 4_000_000  # over all layers
    json_bytes: int = 4 * 1024**2
    volumes: int = 32


class Checklist:
    """Collects the checks in the order they are done; the first refusal carries all of them."""

    def __init__(self) -> None:
        self.done: list[ArchiveCheck] = []

    def accept(self, check: str, detail: str) -> None:
        self.done.append(ArchiveCheck(check=check, ok=True, detail=detail))

    def refuse(self, check: str, what: str, *, why: str = "", next_step: str = REBUILD) -> NoReturn:
        self.done.append(ArchiveCheck(check=check, ok=False, detail=f"{what} {why}".strip()))
        raise ImageRefused(what, checks=self.done, why=why, next_step=next_step)
