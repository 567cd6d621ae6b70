"""A separate archive of weights becomes the last layer of its image, at /opt/ml/model.

From then on there is one image, whose digest names the weights too: it is run, fetched by hospitals, recognised and
reported like every other.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NoReturn

from isal import igzip

from evaluator.container.archive import ArchiveReport, read_archive
from evaluator.container.archive_checks import ArchiveLimits, Checklist
from evaluator.container.archive_config import SQUASH
from evaluator.container.archive_json import parse, spelled
from evaluator.container.archive_members import Member, inside
from evaluator.container.archive_repack import Added, header, repack
from evaluator.container.archive_streams import CHUNK, Bounded, Budget, Unreadable, drain, unpacked
from evaluator.container.archive_tar import BLOCK, Entry, Kind, walk
from evaluator.errors import ArchiveCheck, InputRefused

PLACE = PurePosixPath("opt/ml/model")
CHECK = "weights"
WHITEOUT = ".wh."  # a name that begins so removes what lower layers hold
PACK = "Pack the folder of weights itself: `tar --dereference -czf weights.tar.gz -C FOLDER .`"


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What an accepted archive of weights holds, and the layer that it becomes."""

    diff_id: str  # "sha256:…" of the layer
    layer_bytes: int
    files: int
    content_bytes: int


def read_weights(path: Path, *, limits: ArchiveLimits | None = None, checks: Checklist | None = None) -> Weights:
    """Check an archive of weights: regular files in folders, each once, nothing else.

    Raises
    ------
    InputRefused
        The path is not a file.
    ImageRefused
        It is no tar, plain or packed with gzip or zstd, holds something else, or is larger than an image may be.
    """
    if not path.is_file():
        raise InputRefused(f"{path} is not a file.", next_step=PACK)
    limits, checks = limits or ArchiveLimits(), checks or Checklist()
    digest, size = hashlib.sha256(), 0
    layer = _Layer(path, limits, checks)
    for chunk in layer.chunks():
        digest.update(chunk)
        size += len(chunk)
    if not layer.files:
        checks.refuse(CHECK, "The archive of weights holds no file.", next_step=PACK)
    files = "1 file" if layer.files == 1 else f"{layer.files} files"
    checks.accept(CHECK, f"{files} of {layer.content_bytes:,} bytes at /{PLACE}, the image’s last layer")
    return Weights(
        diff_id=f"sha256:{digest.hexdigest()}",
        layer_bytes=size,
        files=layer.files,
        content_bytes=layer.content_bytes,
    )


def join_weights(
    archive: Path, weights: Path, *, out: Path, limits: ArchiveLimits | None = None
) -> tuple[ArchiveCheck, ...]:
    """Write the archive of an image with these weights as its last layer to ``out``; the same again for the same two.

    An image that has them already, because this was done before, is written as it is.

    Returns
    -------
    tuple of ArchiveCheck
        What was looked at beside the checks of an image, which the new archive is to go through.

    Raises
    ------
    ImageRefused
        One of the archives is not acceptable, the image has no room for one more layer, or it hides the place.
    """
    limits = limits or ArchiveLimits()
    report = read_archive(archive, limits=limits)
    checks = Checklist()
    found = read_weights(weights, limits=limits, checks=checks)
    if report.config.diff_ids[-1] == found.diff_id:
        config, added = report.config_member, None
    else:
        _require_room(report, limits, checks)
        config = _with_layer(report.config_member, found)
        again = partial(_Layer(weights, limits, checks).chunks)
        added = Added(diff_id=found.diff_id, size=found.layer_bytes, chunks=again)
    with out.open("wb") as file, igzip.IGzipFile("", fileobj=file, mode="wb", compresslevel=1, mtime=0) as packed:
        for chunk in repack(archive, config=config, layers=report.layers, added=added):
            packed.write(chunk)
    return tuple(checks.done)


class _Layer:
    """The layer of an archive of weights, made anew at each reading; what it held is known after one."""

    def __init__(self, path: Path, limits: ArchiveLimits, checks: Checklist) -> None:
        self.path, self.limits, self.checks = path, limits, checks
        self.files = self.content_bytes = 0

    def chunks(self) -> Iterator[bytes]:
        self.files = self.content_bytes = 0
        with self.path.open("rb") as file:
            try:
                yield from self._chunks(Bounded(unpacked(file), Budget(self.limits.unpacked_bytes, "bytes")))
            except Unreadable as error:
                why = f"{str(error)[:1].upper()}{str(error)[1:]}."
                self.checks.refuse(CHECK, "The archive of weights cannot be read.", why=why, next_step=PACK)

    def _chunks(self, stream: Bounded) -> Iterator[bytes]:
        kinds: dict[PurePosixPath, Kind] = {}
        yield from self._folders(PLACE, kinds)
        for number, entry in enumerate(walk(stream), start=1):
            if number > self.limits.layer_entries:
                raise Unreadable(f"it holds more than {self.limits.layer_entries:,} entries")
            yield from self._entry(entry, kinds)
        drain(stream)
        yield bytes(tarfile.RECORDSIZE)

    def _entry(self, entry: Entry, kinds: dict[PurePosixPath, Kind]) -> Iterator[bytes]:
        path = PLACE / inside(entry.name, self.checks)
        if any(part.startswith(WHITEOUT) for part in path.parts):
            self._refuse(f"The archive of weights holds {entry.name!r}.", why="Such a name removes files of the image.")
        if entry.kind is Kind.FOLDER:
            yield from self._folders(path, kinds)
            return
        if entry.kind is not Kind.FILE:
            self._refuse(f"The archive of weights holds a {entry.kind} ({entry.name!r}).", why="Only files are taken.")
        if path in kinds:
            self._refuse(f"The archive of weights holds {entry.name!r} twice.", why="Readers would disagree on it.")
        yield from self._folders(path.parent, kinds)
        kinds[path] = Kind.FILE
        self.files += 1
        self.content_bytes += entry.size
        yield header(str(path), entry.size, mode=0o444)
        while part := entry.content.read(CHUNK):
            yield part
        yield bytes(-entry.size % BLOCK)

    def _folders(self, path: PurePosixPath, kinds: dict[PurePosixPath, Kind]) -> Iterator[bytes]:
        """The folder and those above it, each where it is first needed."""
        for folder in (*reversed(path.parents[:-1]), path):
            if kinds.get(folder) is Kind.FILE:
                self._refuse(f"The archive of weights holds {str(folder)!r} as a folder and as a file.")
            if folder not in kinds:
                kinds[folder] = Kind.FOLDER
                yield header(f"{folder}/", 0, mode=0o755, kind=tarfile.DIRTYPE)

    def _refuse(self, what: str, *, why: str = "") -> NoReturn:
        self.checks.refuse(CHECK, what, why=why, next_step=PACK)


def _require_room(report: ArchiveReport, limits: ArchiveLimits, checks: Checklist) -> None:
    if len(report.layers) >= limits.layers:
        checks.refuse(
            CHECK,
            f"The image has {len(report.layers)} layers and no room for the weights.",
            why=f"They are one layer more, and an engine stacks {limits.layers}.",
            next_step=SQUASH,
        )
    place = f"/{PLACE}"
    for volume in report.config.volumes:
        inner, outer = sorted((posixpath.normpath(posixpath.join("/", volume)), place), key=len, reverse=True)
        if f"{inner}/".startswith(f"{outer.rstrip('/')}/"):
            checks.refuse(
                CHECK,
                f"The image declares the VOLUME {volume}, which hides what lies at {place}.",
                why="Every volume is an empty one when the image is run.",
                next_step="Remove this VOLUME from the Dockerfile and build the image again.",
            )


def _with_layer(config: Member, weights: Weights) -> Member:
    """The image's config, naming one layer more."""
    assert config.text is not None
    stated = parse(config.text)
    rootfs = stated[spelled(stated, "rootfs")]
    rootfs[spelled(rootfs, "diff_ids")].append(weights.diff_id)
    history = stated.get(spelled(stated, "history"))
    if isinstance(history, list):  # as many lines as there are layers, which some tools count
        history.append({"created_by": f"weights at /{PLACE}"})
    text = json.dumps(stated).encode()
    return replace(config, text=text, size=len(text), sha256=hashlib.sha256(text).hexdigest())
