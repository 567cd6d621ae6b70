"""From an image archive that a stranger sent to an image in the engine whose every byte was verified."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluator.container.archive_checks import ArchiveLimits, Checklist
from evaluator.container.archive_config import ImageConfig, check_config
from evaluator.container.archive_layout import document, find_image
from evaluator.container.archive_members import Member, Progress, read_contents
from evaluator.container.archive_repack import Chunks, repack
from evaluator.container.archive_streams import CHUNK, AsFile
from evaluator.container.engine import ContainerEngine
from evaluator.container.image_user import resolve_user
from evaluator.container.images import ImageRecord
from evaluator.errors import ArchiveCheck, ImageRefused, InputRefused

REPOSITORY = "cancer-imaging-leaderboard/submission"


@dataclass(frozen=True, kw_only=True)
class ArchiveReport:
    """An accepted archive: what was checked, and the verified parts of the one image in it."""

    checks: tuple[ArchiveCheck, ...]
    layout: str
    digest: str  # "sha256:…" of the config: the image's identity
    config: ImageConfig
    config_member: Member
    layers: tuple[Member, ...]
    archive_bytes: int
    unpacked_bytes: int


def read_archive(path: Path, *, limits: ArchiveLimits | None = None, progress: Progress | None = None) -> ArchiveReport:
    """Check an archive without loading it.

    Raises
    ------
    InputRefused
        The path is not a file.
    ImageRefused
        A check failed; the error carries all checks done so far.
    """
    if not path.is_file():
        raise InputRefused(f"{path} is not a file.", next_step="Give a file that `docker save` wrote.")
    limits = limits or ArchiveLimits()
    checks = Checklist()
    contents = read_contents(path, limits, checks, progress)
    image = find_image(contents, checks)
    stated = document(contents, image.config.name, checks)
    checks.accept("json", "no key occurs twice, in any case")
    config = check_config(stated, image, limits, checks)
    return ArchiveReport(
        checks=tuple(checks.done),
        layout=image.layout,
        digest=f"sha256:{image.config.sha256}",
        config=config,
        config_member=image.config,
        layers=image.layers,
        archive_bytes=path.stat().st_size,
        unpacked_bytes=sum(member.layer.size for member in image.layers),
    )


def load_archive(engine: ContainerEngine, path: Path, report: ArchiveReport) -> ImageRecord:
    """Give the engine a new archive written from the verified parts, and see that it has exactly those.

    Raises
    ------
    ImageRefused
        The archive changed since it was checked, the engine shows another image, or USER does not resolve.
    """
    chunks = repack(path, config=report.config_member, layers=report.layers)
    engine.load_image(io.BufferedReader(AsFile(Chunks(chunks)), CHUNK))
    record = resolve_image(engine, report.digest)
    expected = (report.digest, report.config.diff_ids, report.config.user)
    if (record.digest, record.diff_ids, record.user) != expected:
        engine.remove_image(report.digest)
        raise ImageRefused(
            "The engine shows another image than the archive that was checked.",
            why="Its digest, layers or user differ.",
            next_step="Save the image again with `docker save` and upload it; if it happens again, tell the organiser.",
        )
    engine.tag_image(record.digest, repository=REPOSITORY, tag=record.digest.removeprefix("sha256:")[:32])
    return record


def resolve_image(engine: ContainerEngine, text: str) -> ImageRecord:
    """An image that is in the engine already, by ``sha256:…`` or a local name."""
    seen = engine.inspect_image(text)
    if seen is None:
        raise InputRefused(
            f"{text!r} is neither a file nor an image in the container engine.",
            next_step="Give an archive that `docker save` wrote, an image's ID, or the name `docker images` shows.",
        )
    settings: Mapping[str, Any] = seen.get("Config") or {}
    digest, user = str(seen["Id"]), str(settings.get("User") or "")
    ids = resolve_user(engine, digest, user)
    return ImageRecord(
        digest=digest,
        diff_ids=tuple((seen.get("RootFS") or {}).get("Layers") or ()),
        user=user,
        uid=ids.uid,
        gid=ids.gid,
        entrypoint=tuple(settings.get("Entrypoint") or ()),
        cmd=tuple(settings.get("Cmd") or ()),
        env=tuple(settings.get("Env") or ()),
        volumes=tuple(sorted(settings.get("Volumes") or ())),
        size_bytes=int(seen.get("Size") or 0),
        architecture=str(seen.get("Architecture") or ""),
        os=str(seen.get("Os") or ""),
    )
