"""Immutable documents in the data folder, each named by the SHA-256 of what it says and compressed with zstandard.

Rows hold the digest and what pages ask for often; the bulk lies here. A file is written whole before the row that names
it is committed, and is never written again, so that a backup takes the database first and this folder after it.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import zstandard

from leaderboard.lib.errors import Refusal
from leaderboard.lib.files import data_folder

FOLDER = "documents"
LEVEL = 3
LARGEST = 2 * 1024**3  # what one document may inflate to
RESTORE = "Restore the data folder from the backup, then run `manage.py documents verify`."


class DocumentLost(Refusal):
    """A row names a document that is not there."""


class DocumentAltered(Refusal):
    """A file does not say what its name promises."""


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def path_of(digest: str) -> Path:
    """A folder for each first two digits: a hundred thousand files in one are slow to list."""
    return data_folder(FOLDER) / digest[:2] / f"{digest}.zst"


def keep(content: bytes, *, durable: bool = True) -> str:
    """Write a document, once, and give its digest. Not ``durable``: whoever writes thousands calls `os.sync` after."""
    digest = digest_of(content)
    path = path_of(digest)
    if path.exists():
        return digest
    path.parent.mkdir(exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=f".{digest[:8]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(zstandard.compress(content, LEVEL))
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(scratch).replace(path)
        if durable:
            sync_folder(path.parent)
    finally:
        Path(scratch).unlink(missing_ok=True)
    return digest


def sync_folder(folder: Path) -> None:
    """The name of a file is on the disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read(digest: str) -> bytes:
    """What the document says, found to be what its name promises.

    Raises
    ------
    DocumentLost
        There is no such file.
    DocumentAltered
        It says something else, or cannot be unpacked.
    """
    path = path_of(digest)
    try:
        packed = path.read_bytes()
    except FileNotFoundError as error:
        raise DocumentLost(
            f"Document {digest} is not in the data folder.",
            why=f"{FOLDER}/{path.parent.name}/{path.name} is missing.",
            next_step=RESTORE,
        ) from error
    try:
        with zstandard.ZstdDecompressor().stream_reader(packed) as stream:
            content = stream.read(LARGEST)
    except zstandard.ZstdError as error:
        raise altered(digest, "It cannot be unpacked.") from error
    if digest_of(content) != digest:
        raise altered(digest, "What it says has another digest.")
    return content


def altered(digest: str, why: str) -> DocumentAltered:
    return DocumentAltered(f"Document {digest} was altered.", why=why, next_step=RESTORE)


def canonical(value: Any) -> bytes:
    """The bytes that `lib.files.json_digest` is the digest of."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def keep_json(value: Any) -> str:
    return keep(canonical(value))


def read_json(digest: str) -> Any:
    return msgspec.json.decode(read(digest))


class Parts(Mapping[str, Any]):
    """A JSON object kept in several documents, each read when it is first asked for."""

    def __init__(self, names: Mapping[str, str], whole: str = "") -> None:
        """``names``: of some keys the documents that hold their values; ``whole``: a document with the other keys."""
        self._names = names
        self._found: dict[str, Any] = {}
        self._rest: dict[str, Any] | None = None
        self._whole = whole

    def _others(self) -> dict[str, Any]:
        if self._rest is None:
            self._rest = read_json(self._whole) if self._whole else {}
        return self._rest

    def __getitem__(self, key: str) -> Any:
        if key not in self._names:
            return self._others()[key]
        if key not in self._found:
            self._found[key] = read_json(self._names[key])
        return self._found[key]

    def __iter__(self) -> Iterator[str]:
        yield from self._names
        yield from self._others()

    def __len__(self) -> int:
        return len(self._names) + len(self._others())
