"""Readers that stack: decompress by magic number, hash and count what passes, stop at a bound."""

from __future__ import annotations

import hashlib
import io
import zlib
from typing import IO, TYPE_CHECKING, Protocol, cast

import zstandard
from isal import igzip, isal_zlib

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

CHUNK = 1024**2
GZIP = b"\x1f\x8b"
ZSTD = b"\x28\xb5\x2f\xfd"
OTHERS = {b"BZh": "bzip2", b"\xfd7zX": "xz", b"PK\x03\x04": "zip", b"7z\xbc\xaf": "7-Zip"}
LARGEST_WINDOW = 128 * 1024**2  # zstd's own default for decompression

ISAL_ERROR = cast("type[Exception]", isal_zlib.IsalError)
UNPACKING_ERRORS = (OSError, EOFError, zlib.error, ISAL_ERROR, zstandard.ZstdError)


class Unreadable(Exception):
    """A stream is not what it must be; the caller knows which check that fails."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def read_fully(stream: Readable, size: int) -> bytes:
    """``size`` bytes, fewer only at the end of the stream."""
    parts = []
    while size:
        part = stream.read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def drain(stream: Readable) -> None:
    while stream.read(CHUNK):
        pass


class Budget:
    """What all streams of one archive may use up together."""

    def __init__(self, limit: int, unit: str) -> None:
        self.limit = limit
        self.left = limit
        self.unit = unit

    @property
    def spent(self) -> int:
        return self.limit - self.left

    def spend(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise Unreadable(f"it unpacks to more than {self.limit:,} {self.unit}")


class Bounded:
    """A stream that spends from a budget."""

    def __init__(self, source: Readable, budget: Budget) -> None:
        self.source = source
        self.budget = budget

    def read(self, size: int, /) -> bytes:
        part = self.source.read(min(size, CHUNK))
        self.budget.spend(len(part))
        return part


class Metered:
    """Hashes and counts what is read through it."""

    def __init__(self, source: Readable) -> None:
        self.source = source
        self.hash = hashlib.sha256()
        self.size = 0

    def read(self, size: int, /) -> bytes:
        part = self.source.read(min(size, CHUNK))
        self.hash.update(part)
        self.size += len(part)
        return part


class Section:
    """The next ``size`` bytes of a stream, as a stream of its own."""

    def __init__(self, source: Readable, size: int) -> None:
        self.source = source
        self.left = size

    def read(self, size: int, /) -> bytes:
        part = self.source.read(min(size, self.left))
        if not part and size and self.left:
            raise Unreadable("it ends in the middle of a file")
        self.left -= len(part)
        return part


class Prefixed:
    """A stream whose first bytes were looked at already."""

    def __init__(self, prefix: bytes, source: Readable) -> None:
        self.prefix = prefix
        self.source = source

    def read(self, size: int, /) -> bytes:
        if self.prefix:
            part, self.prefix = self.prefix[:size], self.prefix[size:]
            return part
        return self.source.read(size)


class AsFile(io.RawIOBase):
    """A stream for code that wants a file object."""

    def __init__(self, source: Readable) -> None:
        self.source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        part = self.source.read(len(view))
        view[: len(part)] = part
        return len(part)


class Unpacking:
    """A decompressor whose errors are all ``Unreadable``."""

    def __init__(self, source: Readable, name: str) -> None:
        self.source = source
        self.name = name

    def read(self, size: int, /) -> bytes:
        try:
            return self.source.read(size)
        except UNPACKING_ERRORS as error:
            raise Unreadable(f"its {self.name} compression is broken ({error})") from error


def unpacked(source: Readable) -> Readable:
    """The stream itself or, by its magic number, what gzip or zstd made of it."""
    head = read_fully(source, 4)
    whole = Prefixed(head, source)
    if head.startswith(GZIP):
        return Unpacking(igzip.IGzipFile(fileobj=AsFile(whole), mode="rb"), "gzip")
    if head == ZSTD:
        decompressor = zstandard.ZstdDecompressor(max_window_size=LARGEST_WINDOW)
        return Unpacking(decompressor.stream_reader(cast("IO[bytes]", AsFile(whole)), read_across_frames=True), "zstd")
    for magic, name in OTHERS.items():
        if head.startswith(magic):
            raise Unreadable(f"it is compressed with {name}; only gzip and zstd are read")
    return whole
