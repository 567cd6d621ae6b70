"""Copying what we want out of a hostile folder that arrives as a tar stream."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from evaluator.container.engine import OutputCopy

PAGE = 4096


def copy_wanted(
    archive: tarfile.TarFile,
    into: Path,
    *,
    wanted: Callable[[PurePosixPath], bool],
    file_bytes: int,
    volume_bytes: int,
    root: str,
) -> OutputCopy:
    """Write the wanted regular files below ``into``; links, devices and giants are left and named.

    Reading stops at a header that claims more than the volume can hold: a sparse file would arrive as that many zeros.
    """
    copied: list[str] = []
    refused: dict[str, str] = {}
    used = entries = claimed = 0
    for member in archive:
        entries += 1
        claimed += member.size
        used += -(-member.size // PAGE) * PAGE
        path = PurePosixPath(member.name)
        inside = PurePosixPath(*path.parts[1:])
        is_wanted = path.parts[:1] == (root,) and ".." not in path.parts and wanted(inside)
        if member.size > file_bytes or claimed > volume_bytes:
            refused[str(inside)] = f"claims {member.size:,} bytes, more than a file or the whole output may have"
            return OutputCopy(copied=tuple(copied), refused=refused, used_bytes=used, entries=entries, truncated=True)
        if not is_wanted or member.isdir():
            continue
        if not member.isreg():
            refused[str(inside)] = "is a link or a device, not a regular file of its own"
            continue
        target = into / inside
        target.parent.mkdir(parents=True, exist_ok=True)
        source = archive.extractfile(member)
        assert source is not None
        with target.open("xb") as sink:
            shutil.copyfileobj(source, sink, 1024 * 1024)
        copied.append(str(inside))
    return OutputCopy(copied=tuple(copied), refused=refused, used_bytes=used, entries=entries)
