"""Where things lie in the data folder, and copying a stream to disk with its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings


def data_folder(name: str) -> Path:
    folder: Path = settings.DATA / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A file as it was written."""

    size: int
    sha256: str


class TooLarge(Exception):
    """The stream is longer than allowed; nothing of it was kept."""


def store(chunks: Iterable[bytes], path: Path, *, limit: int) -> Stored:
    """Write chunks to `path` through a scratch file, counting and digesting on the way."""
    scratch = path.with_name(f".{path.name}.part")
    digest = hashlib.sha256()
    size = 0
    try:
        with scratch.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > limit:
                    raise TooLarge
                digest.update(chunk)
                file.write(chunk)
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    return Stored(size=size, sha256=digest.hexdigest())


def digested(path: Path) -> Stored:
    """A file that is there, read once."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Stored(size=path.stat().st_size, sha256=sha256)


def json_digest(value: Any) -> str:
    """SHA-256 of a JSON value, the same whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def text_digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def bounded(log: str) -> str:
    """A log's beginning and end, with what PostgreSQL cannot keep (NUL) made visible."""
    log = log.replace("\x00", "␀")
    if len(log) <= settings.LARGEST_LOG:
        return log
    half = settings.LARGEST_LOG // 2
    return f"{log[:half]}\n… {len(log) - 2 * half} characters left out …\n{log[-half:]}"
