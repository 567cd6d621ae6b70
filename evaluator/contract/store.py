"""The sanitised store: scans without names, free text, extensions or times, written once, in random order.

A container sees a scan's inode and change time; written in the cohort's order they would tell which case it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from evaluator.errors import CohortChanged
from evaluator.records import Volume
from evaluator.volumes import read_volume, write_mha, write_nifti

INDEX = "index.json"
LOCK = ".lock"  # written whenever scans are prepared: its age says when the store was used
CHUNK = 4 * 1024 * 1024
STORERS = 2  # threads, each with a scan in memory; reading and writing leave the interpreter to others


@dataclass(frozen=True, kw_only=True)
class StoredScan:
    """A scan to be stored: its file and the SHA-256 that was frozen with the cohort."""

    source: Path
    sha256: str


class ScanStore:
    """A folder of sanitised scans of one file format, found by the SHA-256 of their originals."""

    def __init__(self, folder: Path, *, suffix: str) -> None:
        self.folder, self.suffix = folder, suffix

    def prepare(
        self, scans: Sequence[StoredScan], *, rng: np.random.Generator, each: Callable[[], object]
    ) -> Mapping[str, Path]:
        """Store what is not there yet, in random order; return the stored file of each SHA-256.

        ``each`` is called before every few scans that are written: a place to show progress or to stop by raising.

        Raises
        ------
        CohortChanged
            A scan is not the one that was frozen.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            index = self._index()
            missing = list({scan.sha256: scan for scan in scans if scan.sha256 not in index}.values())
            order = [missing[position] for position in rng.permutation(len(missing))]
            with ThreadPoolExecutor(STORERS) as pool:
                for first in range(0, len(order), STORERS):
                    each()
                    few = order[first : first + STORERS]
                    index |= zip((scan.sha256 for scan in few), pool.map(self._store, few), strict=True)
                    self._write_index(index)
        return {scan.sha256: self.folder / index[scan.sha256] for scan in scans}

    def _store(self, scan: StoredScan) -> str:
        if _sha256(scan.source) != scan.sha256:
            raise CohortChanged(
                f"{scan.source.name} is not the scan that was frozen with the cohort.",
                why="Its SHA-256 differs from the manifest's.",
                next_step="Restore the file, or check the cohort again as a new version.",
            )
        name = f"{uuid.uuid4().hex}{self.suffix}"
        scratch = self.folder / f"part-{name}"
        volume = hounsfield(read_volume(scan.source))
        if self.suffix == ".mha":
            write_mha(scratch, volume)
        else:
            write_nifti(scratch, volume)
        os.utime(scratch, (0, 0))
        scratch.chmod(0o644)
        scratch.rename(self.folder / name)
        return name

    def _index(self) -> dict[str, str]:
        """The index, less what has vanished."""
        path = self.folder / INDEX
        if not path.is_file():
            return {}
        index = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        return {key: name for key, name in index.items() if (self.folder / name).is_file()}

    def _write_index(self, index: Mapping[str, str]) -> None:
        scratch = self.folder / f"part-{INDEX}"
        scratch.write_bytes(msgspec.json.encode(index))
        scratch.replace(self.folder / INDEX)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def hounsfield(volume: Volume) -> Volume:
    """The scan as int16 Hounsfield units: rounded, and clipped to what int16 holds."""
    if volume.data.dtype == np.int16:
        return volume
    limits = np.iinfo(np.int16)
    finite = np.nan_to_num(volume.data, nan=limits.min, posinf=limits.max, neginf=limits.min)
    return Volume(np.clip(np.rint(finite), limits.min, limits.max).astype(np.int16), volume.grid)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def unused_stores(folder: Path, *, before: float) -> list[Path]:
    """Stores below ``folder`` that nobody has prepared scans of since ``before``, in seconds since the epoch."""
    locks = sorted(folder.glob(f"*/{LOCK}"))
    return [lock.parent for lock in locks if lock.stat().st_mtime < before]


def remove_store(store: Path) -> bool:
    """Remove a store's scans; False if somebody prepares some of it now. They are made again when they are needed."""
    with (store / LOCK).open("r") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        shutil.rmtree(store)
    return True
