"""Walk a tar stream entry by entry, without seeking and with every header bounded.

The standard library's reader loads extended headers of any size into memory and skips what it cannot parse; for an
archive from a stranger both are too friendly. Only its parser of a single header block is used here.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from evaluator.container.archive_streams import Readable, Section, Unreadable, drain, read_fully

BLOCK = 512
ZEROS = bytes(BLOCK)
LARGEST_HEADER = 1024**2
EXTENDED = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


class Kind(StrEnum):
    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"
    CHARACTER_DEVICE = "character device"
    BLOCK_DEVICE = "block device"
    FIFO = "pipe"


KINDS = {
    tarfile.REGTYPE: Kind.FILE,
    tarfile.AREGTYPE: Kind.FILE,
    tarfile.CONTTYPE: Kind.FILE,
    tarfile.DIRTYPE: Kind.FOLDER,
    tarfile.SYMTYPE: Kind.SYMLINK,
    tarfile.LNKTYPE: Kind.HARDLINK,
    tarfile.CHRTYPE: Kind.CHARACTER_DEVICE,
    tarfile.BLKTYPE: Kind.BLOCK_DEVICE,
    tarfile.FIFOTYPE: Kind.FIFO,
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    name: str
    kind: Kind
    target: str
    size: int
    content: Readable  # to be read before the next entry is asked for; what is left is skipped


def walk(stream: Readable) -> Iterator[Entry]:
    """Every entry up to the end marker; raises ``Unreadable`` at the first byte that does not fit the format."""
    extra: dict[str, str] = {}
    while True:
        block = read_fully(stream, BLOCK)
        if not block:
            return
        if block == ZEROS:
            if read_fully(stream, BLOCK) not in (b"", ZEROS):
                raise Unreadable("entries follow half an end marker")
            return
        info = _header(block)
        if info.type in EXTENDED:
            extra.update(_extended(stream, info))
            continue
        entry = _entry(stream, info, extra)
        extra = {}
        yield entry
        drain(entry.content)
        read_fully(stream, -entry.size % BLOCK)


def _header(block: bytes) -> tarfile.TarInfo:
    if len(block) < BLOCK:
        raise Unreadable("it ends in the middle of a header")
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise Unreadable(f"it is not a tar archive ({error})") from error
    if info.size < 0:
        raise Unreadable("a header gives a negative size")
    if info.isdir() and info.size and block[156:157] == tarfile.AREGTYPE:
        raise Unreadable("a folder has content")  # the engine would skip it, others would read it as headers
    return info


def _extended(stream: Readable, info: tarfile.TarInfo) -> dict[str, str]:
    """What a pax or GNU header says about the next entry. Global pax headers are skipped, as the engine does."""
    if info.size > LARGEST_HEADER:
        raise Unreadable(f"an extended header is larger than {LARGEST_HEADER:,} bytes")
    body = read_fully(Section(stream, info.size), info.size)
    read_fully(stream, -info.size % BLOCK)
    if info.type == tarfile.XGLTYPE:
        return {}
    if info.type == tarfile.XHDTYPE:
        return _pax_records(body)
    text = body.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
    return {"path" if info.type == tarfile.GNUTYPE_LONGNAME else "linkpath": text}


def _pax_records(body: bytes) -> dict[str, str]:
    records = {}
    while body.strip(b"\0"):
        digits, _, _ = body.partition(b" ")
        if not digits.isdigit() or len(digits) > 8 or not len(digits) + 1 < int(digits) <= len(body):
            raise Unreadable("an extended header is broken")
        key, equals, value = body[len(digits) + 1 : int(digits)].partition(b"=")
        if not equals or not value.endswith(b"\n"):
            raise Unreadable("an extended header is broken")
        records[key.decode("utf-8", "surrogateescape")] = value[:-1].decode("utf-8", "surrogateescape")
        body = body[int(digits) :]
    return records


def _entry(stream: Readable, info: tarfile.TarInfo, extra: dict[str, str]) -> Entry:
    kind = KINDS.get(info.type)
    if kind is None or any(key.startswith("GNU.sparse") for key in extra):
        raise Unreadable(f"it holds an entry of a kind that images do not have ({info.type!r})")
    size = info.size
    if "size" in extra:
        if not (extra["size"].isascii() and extra["size"].isdigit()) or len(extra["size"]) > 18:
            raise Unreadable("an extended header gives a size that is no number")
        size = int(extra["size"])
    if kind is not Kind.FILE:
        size = 0
    return Entry(
        name=extra.get("path", info.name),
        kind=kind,
        target=extra.get("linkpath", info.linkname),
        size=size,
        content=Section(stream, size),
    )
