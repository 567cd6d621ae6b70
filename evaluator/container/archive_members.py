"""One streaming pass over an image archive: the digest of every member, and of what it unpacks to."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from io import BufferedIOBase
from pathlib import Path

from evaluator.container.archive_checks import ArchiveLimits, Checklist
from evaluator.container.archive_streams import (
    Bounded,
    Budget,
    Metered,
    Prefixed,
    Readable,
    Unpacking,
    Unreadable,
    drain,
    read_fully,
    unpacked,
)
from evaluator.container.archive_tar import Entry, Kind, walk

Progress = Callable[[int], None]  # called with the bytes of the file that were read since the last call


@dataclass(frozen=True, kw_only=True)
class Unpacked:
    """A member seen as a layer. ``problem`` says why it cannot be one; both matter only if the image names it."""

    diff_id: str
    size: int
    problem: str
    block_device: str  # the first one's name


@dataclass(frozen=True, kw_only=True)
class Member:
    name: str
    size: int
    sha256: str
    text: bytes | None  # kept where it is small and looks like JSON
    layer: Unpacked


@dataclass(frozen=True, kw_only=True)
class Contents:
    members: dict[str, Member]
    links: dict[str, str]  # name → the member it points to


class Counted:
    """The archive's file, telling how much of it was read."""

    def __init__(self, file: BufferedIOBase, progress: Progress | None) -> None:
        self.file = file
        self.progress = progress

    def read(self, size: int, /) -> bytes:
        part = self.file.read(size)
        if self.progress is not None and part:
            self.progress(len(part))
        return part


def read_contents(path: Path, limits: ArchiveLimits, checks: Checklist, progress: Progress | None = None) -> Contents:
    """Read the archive once. The checks ``file``, ``members`` and ``size`` are done here."""
    size = path.stat().st_size
    if size > limits.archive_bytes:
        checks.refuse(
            "file",
            f"The archive has {size:,} bytes; at most {limits.archive_bytes:,} are accepted.",
            next_step="Make the image smaller: start from a slim base, remove caches, keep weights in one layer.",
        )
    members: dict[str, Member] = {}
    links: dict[str, str] = {}
    folders: set[str] = set()
    scanner = _Scanner(limits)
    with path.open("rb") as file:
        try:
            stream = Bounded(unpacked(Counted(file, progress)), scanner.budget)
            for entry in walk(stream):
                name = inside(entry.name, checks)
                if entry.kind is Kind.FOLDER:
                    folders.add(name)
                    continue
                if name in members or name in links:
                    checks.refuse("members", f"The archive holds {name!r} twice.", why="Readers would disagree on it.")
                if len(members) + len(links) >= limits.members:
                    checks.refuse("members", f"The archive holds more than {limits.members:,} members.")
                if entry.kind is Kind.SYMLINK:
                    links[name] = inside(posixpath.join(posixpath.dirname(name), entry.target), checks, up=True)
                elif entry.kind is Kind.FILE:
                    members[name] = scanner.scan(name, entry)
                else:
                    checks.refuse(
                        "members", f"The archive holds a {entry.kind} ({name!r}).", why="`docker save` writes none."
                    )
            drain(stream)
        except Unreadable as error:
            check = "size" if scanner.exhausted else "file"
            checks.refuse(check, "The archive cannot be read.", why=f"{str(error)[:1].upper()}{str(error)[1:]}.")
    for name in folders & (members.keys() | links.keys()):
        checks.refuse("members", f"The archive holds {name!r} twice, as a folder and as a file.")
    checks.accept("file", f"{size:,} bytes, read to its end")
    checks.accept("members", f"{len(members)} files and {len(links)} links, each once, none leaves the archive")
    checks.accept("size", f"{scanner.budget.spent:,} bytes unpacked")
    return Contents(members=members, links=links)


def inside(name: str, checks: Checklist, *, up: bool = False) -> str:
    """The name in its one spelling; refused if it leaves the archive. Links may go up on their way."""
    plain = posixpath.normpath(name)
    escapes = plain.startswith(("/", "../")) or plain == ".." or (not up and ".." in name.split("/"))
    if escapes or not name or "\\" in name or not name.isprintable():
        checks.refuse("members", f"The path {name!r} leaves the archive or is not plain text.")
    return plain


class _Scanner:
    """Members of one archive share one budget of unpacked bytes and of layer entries."""

    def __init__(self, limits: ArchiveLimits) -> None:
        self.limits = limits
        self.budget = Budget(limits.unpacked_bytes, "bytes")
        self.entries = Budget(limits.layer_entries, "entries")
        self.text_left = 16 * limits.json_bytes

    @property
    def exhausted(self) -> bool:
        return self.budget.left < 0 or self.entries.left < 0

    def scan(self, name: str, entry: Entry) -> Member:
        raw = Metered(entry.content)
        text = self._text(raw, entry)
        layer = self._as_layer(raw, Prefixed(text, raw))
        return Member(
            name=name,
            size=raw.size,
            sha256=raw.hash.hexdigest(),
            text=text if _looks_like_json(text) else None,
            layer=layer,
        )

    def _text(self, raw: Metered, entry: Entry) -> bytes:
        """The whole member where it is small enough to be one of the archive's documents."""
        if entry.size > min(self.limits.json_bytes, self.text_left):
            return b""
        text = read_fully(raw, entry.size)
        if _looks_like_json(text):
            self.text_left -= len(text)
        return text

    def _as_layer(self, raw: Metered, whole: Readable) -> Unpacked:
        problem = block_device = ""
        plain = raw
        try:
            stream = unpacked(whole)
            if isinstance(stream, Unpacking):
                stream = plain = Metered(Bounded(stream, self.budget))
            for entry in walk(stream):
                self.entries.spend(1)
                if entry.kind is Kind.BLOCK_DEVICE and not block_device:
                    block_device = ascii(entry.name)
            drain(stream)
        except Unreadable as error:
            if self.exhausted:
                raise
            problem = str(error)
        drain(raw)
        return Unpacked(
            diff_id=f"sha256:{plain.hash.hexdigest()}", size=plain.size, problem=problem, block_device=block_device
        )


def _looks_like_json(text: bytes) -> bool:
    return text.lstrip()[:1] in (b"{", b"[")
