"""Fingerprints of scans: of the file, of the image however it is stored, and of what it looks like."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import msgspec
import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from evaluator.cohort.layout import THREADS, file_sha256
from evaluator.errors import InputRefused, VolumeRefused
from evaluator.learnt import learn
from evaluator.records import Volume
from evaluator.volumes import SUFFIXES, read_volume

SCHEMA = "scan-prints/1"
SIDE = 8  # blocks along each axis
LOWEST, HIGHEST = -150.0, 250.0  # Hounsfield units; beyond lies air, table and metal, which say little of a patient
LARGEST_LIST = 256 * 1024**2


@dataclass(frozen=True, kw_only=True)
class ScanPrint:
    """One scan. ``blocks``: the ranks of 8 × 8 × 8 block means from 0 to 255, base64; None where nothing differs."""

    name: str
    file: str
    voxels: str
    blocks: str | None


@dataclass(frozen=True, kw_only=True)
class PrintList:
    """The fingerprints of a set of scans, to be compared where the other scans lie."""

    schema: str
    name: str
    scans: tuple[ScanPrint, ...]


learn(PrintList)


def print_scan(path: Path, *, name: str) -> ScanPrint:
    """Fingerprint one volume.

    Parameters
    ----------
    path : Path
        A volume file of Hounsfield units.
    name : str
        What the scan is called in a report.

    Returns
    -------
    ScanPrint
        ``voxels`` is the same for the same image in another file format, compression, number type or order of axes;
        ``blocks`` is nearly the same after noise, lossy compression, resampling or a window that keeps soft tissue.

    Raises
    ------
    VolumeRefused
        The file is no volume.

    References
    ----------
    Block means and ranks: Lin CY, Chang SF. A robust image authentication method distinguishing JPEG compression from
    malicious manipulation. IEEE Trans Circuits Syst Video Technol 2001;11:153–168 (relations between blocks survive).
    """
    data = standing(read_volume(path))
    blocks = block_ranks(data)
    return ScanPrint(
        name=name,
        file=file_sha256(path),
        voxels=hashlib.sha256(repr(data.shape).encode() + np.ascontiguousarray(data).tobytes()).hexdigest(),
        blocks=None if blocks is None else base64.b64encode(blocks.tobytes()).decode(),
    )


def standing(volume: Volume) -> NDArray[np.int16]:
    """Whole Hounsfield units, the axes turned to the patient's right, front and head as near as they go."""
    turned = nib.orientations.apply_orientation(volume.data, nib.io_orientation(volume.grid.affine))
    limits = np.iinfo(np.int16)
    finite = turned
    if turned.dtype.kind == "f":
        finite = np.rint(np.nan_to_num(turned, nan=limits.min, posinf=limits.max, neginf=limits.min))
    return np.asarray(np.clip(finite, limits.min, limits.max)).astype(np.int16)


def block_ranks(data: NDArray[np.int16]) -> NDArray[np.uint8] | None:
    """Ranks of the block means of soft tissue, shape (8, 8, 8); equals share a rank; None where all are equal."""
    first, second, third = (_shares(side) for side in data.shape)
    planes = [
        first @ np.clip(data[:, :, k], LOWEST, HIGHEST).astype(np.float32) @ second.T for k in range(data.shape[2])
    ]
    means = np.stack(planes, axis=-1) @ third.T
    flat = np.round(means.ravel())  # to 1 HU: what differs by less is the same
    values, place, counts = np.unique(flat, return_inverse=True, return_counts=True)
    if len(values) < 2:
        return None
    middle = np.cumsum(counts) - (counts + 1) / 2
    ranks = np.round(255 * middle[place] / (flat.size - 1))
    return ranks.astype(np.uint8).reshape(means.shape)


def _shares(side: int) -> NDArray[np.float32]:
    """How much of each voxel lies in each block, shape (8, side), rows of sum 1; an edge may cut a voxel in two."""
    edges = np.linspace(0, side, SIDE + 1)
    voxels = np.arange(side)
    low = np.maximum(edges[:-1, None], voxels[None, :])
    high = np.minimum(edges[1:, None], voxels[None, :] + 1)
    return np.asarray(np.clip(high - low, 0, None) * SIDE / side, dtype=np.float32)


def print_folder(root: Path, *, name: str, progress: Callable[[], object] | None = None) -> PrintList:
    """Fingerprint every volume below a folder, by its path in it.

    Raises
    ------
    InputRefused
        There is none, or one cannot be read; the error names it.
    """
    paths = sorted(path for path in root.rglob("*") if path.is_file() and path.name.lower().endswith(SUFFIXES))
    if not paths:
        raise InputRefused(f"No volume is below {root}.", next_step=f"Give a folder of {', '.join(SUFFIXES)}.")
    return PrintList(
        schema=SCHEMA, name=name, scans=print_all(((path, str(path.relative_to(root))) for path in paths), progress)
    )


def print_all(scans: Iterable[tuple[Path, str]], progress: Callable[[], object] | None = None) -> tuple[ScanPrint, ...]:
    def one(scan: tuple[Path, str]) -> ScanPrint:
        path, name = scan
        try:
            found = print_scan(path, name=name)
        except VolumeRefused as error:
            raise InputRefused(
                f"{name} cannot be fingerprinted.", why=error.what, next_step="Take it out of the folder, or repair it."
            ) from error
        if progress:
            progress()
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        return tuple(pool.map(one, scans))


def read_prints(path: Path) -> PrintList:
    """Raises InputRefused where the file is missing, too large, or no list of fingerprints."""
    if not path.is_file() or path.stat().st_size > LARGEST_LIST:
        raise InputRefused(
            f"{path} is not a file, or larger than {LARGEST_LIST // 1024**2} MiB.", next_step="Check the path."
        )
    try:
        found = msgspec.json.decode(path.read_bytes(), type=PrintList)
        for scan in found.scans:
            blocks_of(scan)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise InputRefused(
            f"{path} is not a list of fingerprints.",
            why=str(error),
            next_step="Make one with `python -m evaluator cohort prints FOLDER --out FILE`.",
        ) from error
    if found.schema != SCHEMA:
        raise InputRefused(f"{path} has schema {found.schema!r}; this version reads {SCHEMA!r}.")
    return found


def blocks_of(scan: ScanPrint) -> NDArray[np.uint8] | None:
    """Shape (8, 8, 8). Raises ValueError where it is no such thing."""
    if scan.blocks is None:
        return None
    return np.frombuffer(base64.b64decode(scan.blocks, validate=True), dtype=np.uint8).reshape(SIDE, SIDE, SIDE)
