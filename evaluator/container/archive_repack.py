"""Write a new archive from verified members only: the config, the layers uncompressed, one manifest, no tags.

The engine never sees what was sent. Everything that streams past is hashed again, so that a file which changed after
it was checked ends the load instead of entering the engine.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluator.container.archive_members import Member
from evaluator.container.archive_streams import CHUNK, Metered, Readable, Unreadable, unpacked
from evaluator.container.archive_tar import BLOCK, Kind, walk
from evaluator.errors import ImageRefused

RECORD = tarfile.RECORDSIZE


@dataclass(frozen=True, kw_only=True)
class Added:
    """A layer that the image did not come with: its last one."""

    diff_id: str
    size: int
    chunks: Callable[[], Iterator[bytes]]


def repack(path: Path, *, config: Member, layers: tuple[Member, ...], added: Added | None = None) -> Iterator[bytes]:
    """The new archive in chunks; the file is read once, and each layer is written where it is met."""
    assert config.text is not None
    config_name = f"{config.sha256}.json"
    names = {member.name: _named(member.layer.diff_id) for member in layers}
    stacked = [names[member.name] for member in layers] + ([_named(added.diff_id)] if added else [])
    manifest = [{"Config": config_name, "RepoTags": None, "Layers": stacked}]
    yield from _file("manifest.json", json.dumps(manifest).encode())
    yield from _file(config_name, config.text)
    with path.open("rb") as file:
        try:
            yield from _layers(unpacked(file), {member.name: member for member in layers}, names)
        except Unreadable as error:
            raise _changed(path) from error
    if added and _named(added.diff_id) not in names.values():
        yield from _last(added, path)
    yield bytes(RECORD)


def _named(diff_id: str) -> str:
    return f"{diff_id.removeprefix('sha256:')}.tar"


def _last(added: Added, path: Path) -> Iterator[bytes]:
    yield header(_named(added.diff_id), added.size)
    digest = hashlib.sha256()
    for chunk in added.chunks():
        digest.update(chunk)
        yield chunk
    if f"sha256:{digest.hexdigest()}" != added.diff_id:
        raise _changed(path)
    yield bytes(-added.size % BLOCK)


def _layers(stream: Readable, wanted: Mapping[str, Member], names: Mapping[str, str]) -> Iterator[bytes]:
    missing, written = set(wanted), set()
    for entry in walk(stream):
        name = posixpath.normpath(entry.name)
        if entry.kind is not Kind.FILE or name not in missing:
            continue
        missing.discard(name)
        if names[name] in written:
            continue
        written.add(names[name])
        layer = wanted[name].layer
        yield header(names[name], layer.size)
        plain = Metered(unpacked(entry.content))
        while part := plain.read(CHUNK):
            if plain.size > layer.size:
                raise Unreadable("a layer has grown")
            yield part
        if f"sha256:{plain.hash.hexdigest()}" != layer.diff_id:
            raise Unreadable("a layer has changed")
        yield bytes(-layer.size % BLOCK)
    if missing:
        raise Unreadable("a layer is gone")


def header(name: str, size: int, *, mode: int = 0o644, kind: bytes = tarfile.REGTYPE) -> bytes:
    """Of an entry that belongs to root and has no time, so that the same content gives the same bytes."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type = size, mode, kind
    return info.tobuf(tarfile.GNU_FORMAT)


def _file(name: str, content: bytes) -> Iterator[bytes]:
    yield header(name, len(content))
    yield content
    yield bytes(-len(content) % BLOCK)


def _changed(path: Path) -> ImageRefused:
    return ImageRefused(
        "The archive changed after it was checked.",
        why=f"{path.name} is not the file that was read before.",
        next_step="Upload it again.",
    )


class Chunks:
    """Chunks of any size as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.rest = memoryview(b"")

    def read(self, size: int, /) -> bytes:
        while not self.rest:
            chunk = next(self.chunks, None)
            if chunk is None:
                return b""
            self.rest = memoryview(chunk)
        part, self.rest = self.rest[:size], self.rest[size:]
        return bytes(part)
