"""Archives that come in pieces: begun, continued where they stopped, given up, and handed over whole."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from leaderboard.accounts.models import User
from leaderboard.lib import files
from leaderboard.lib.errors import Refusal
from leaderboard.submissions.models import Upload

MOST = 5  # that one person has under way
COUNTED = 32 * 1024**2  # after so many bytes it is written down how far it is
AGAIN = "Ask how far the upload is, and go on from there."


class Elsewhere(Refusal):
    """The upload is not as far as its sender believes, or somebody else is writing to it."""


class Garbled(Refusal):
    """The bytes are not those that were sent; none of them was kept."""


@dataclass(frozen=True, kw_only=True)
class Checksum:
    """Of one piece."""

    algorithm: str  # a name of hashlib's
    digest: bytes

    def require(self, found: bytes) -> None:
        if found != self.digest:
            raise Garbled("The bytes are not those that were sent.", why="Their checksum differs.", next_step=AGAIN)


def upload_begin(*, by: User, name: str, size: int, sha256: str = "") -> Upload:
    """Room for an archive of ``size`` bytes.

    Raises
    ------
    Refusal
        It is empty or too large, the disk has no room for it, or the person has several under way.
    """
    if size == 0:
        raise Refusal("The archive is empty.", next_step="Write it with `docker save IMAGE -o archive.tar`.")
    if size > settings.LARGEST_ARCHIVE:
        raise too_large()
    folder = files.data_folder("uploads")
    disk = os.statvfs(folder)
    if size > disk.f_bavail * disk.f_frsize - settings.SPARE_BYTES:
        raise Refusal(
            "There is no room for the archive at present.",
            why="The platform's disk is nearly full.",
            next_step="Tell an organiser, and try again later.",
        )
    with transaction.atomic():
        list(User.objects.select_for_update().filter(pk=by.pk))
        if Upload.objects.filter(by=by, expires__gt=timezone.now()).count() >= MOST:
            raise Refusal(
                f"You have {MOST} uploads under way.",
                next_step="Finish or give up one of them; each is given up by itself after a day without a byte.",
            )
        upload = Upload(by=by, name=name[:255] or "archive", size=size, sha256=sha256.lower(), expires=_later())
        upload.full_clean()
        upload.save(force_insert=True)
    upload.path.touch(mode=0o600)
    return upload


def upload_append(*, upload: Upload, offset: int, pieces: Iterable[bytes], checksum: Checksum | None = None) -> Upload:
    """Write what comes after the first ``offset`` bytes. What arrived before a connection broke is kept.

    With a ``checksum`` all of it is kept or nothing.

    Raises
    ------
    Elsewhere
        ``offset`` is not where the upload stands, or another request writes to it.
    Garbled
        The bytes do not have this checksum.
    Refusal
        There are more bytes than were announced.
    """
    with _alone(upload) as file:
        upload.refresh_from_db()
        if offset != _settled(upload, file):
            raise Elsewhere(f"The upload stands at {upload.offset:,} bytes, not at {offset:,}.", next_step=AGAIN)
        if checksum is None:
            _write(upload, file, pieces)
        else:
            _write_whole(upload, file, pieces, checksum)
    return upload


def upload_end(*, upload: Upload) -> None:
    """Give it up; nothing of it is kept."""
    upload.path.unlink(missing_ok=True)
    upload.delete()


def uploads_expire() -> list[Upload]:
    """Give up those that got no byte for a day."""
    found = list(Upload.objects.filter(expires__lt=timezone.now()))
    for upload in found:
        upload_end(upload=upload)
    return found


def too_large() -> Refusal:
    return Refusal(
        f"The archive is larger than {settings.LARGEST_ARCHIVE / 1024**3:.0f} GiB.",
        next_step="Make the image smaller: build it in stages and leave out what is not needed to run.",
    )


@contextmanager
def _alone(upload: Upload) -> Iterator[BinaryIO]:
    """The file, at which one request writes at a time. The lock goes with the process that holds it."""
    with upload.path.open("r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Elsewhere("Another request writes to this upload.", next_step=AGAIN) from error
        yield file


def _settled(upload: Upload, file: BinaryIO) -> int:
    """Where it stands. A process that was killed leaves bytes that nobody counted; a power failure, fewer."""
    upload.offset = min(upload.offset, file.seek(0, os.SEEK_END))
    file.truncate(upload.offset)
    return file.seek(upload.offset)


def _write(upload: Upload, file: BinaryIO, pieces: Iterable[bytes]) -> None:
    counted = upload.offset
    try:
        for piece in _within(upload, pieces):
            file.write(piece)
            if upload.offset - counted >= COUNTED:
                counted = _count(upload, file)
    finally:
        _count(upload, file)


def _write_whole(upload: Upload, file: BinaryIO, pieces: Iterable[bytes], checksum: Checksum) -> None:
    begins, found = upload.offset, hashlib.new(checksum.algorithm, usedforsecurity=False)
    try:
        for piece in _within(upload, pieces):
            found.update(piece)
            file.write(piece)
        checksum.require(found.digest())
    except BaseException:
        upload.offset = begins
        raise
    _count(upload, file)


def _within(upload: Upload, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if upload.offset + len(piece) > upload.size:
            raise Refusal(f"There are more bytes than the {upload.size:,} that were announced.", next_step=AGAIN)
        yield piece
        upload.offset += len(piece)


def _count(upload: Upload, file: BinaryIO) -> int:
    file.flush()
    upload.expires = _later()
    upload.save(update_fields=["offset", "expires"])
    return upload.offset


def _later() -> datetime:
    return timezone.now() + timedelta(hours=settings.LEFTOVER_HOURS)
