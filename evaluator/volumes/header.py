"""What an accepted header tells, the limits a header is held to, and how a file is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import VolumeRefused
from evaluator.records import Grid

LARGEST_VOXELS = 2**30  # 512 × 512 × 4,096
LARGEST_PREAMBLE = 16 * 1024**2  # bytes before the voxels: header and extensions
FARTHEST_MM = 1e6  # no scanner is larger; sums of larger numbers lose the thousandth of a millimetre
SUFFIXES = (".nii.gz", ".nii", ".mha", ".mhd", ".dcm")

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])  # turns coordinates of ITK and DICOM into RAS, and back


class Stream(Protocol):
    """Bytes of voxels. ``readinto`` may leave zeros unwritten, so the buffer it is given must hold zeros."""

    def readinto(self, zeros: memoryview, /) -> int: ...


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A file whose header has been read and accepted; ``stream`` stands at its first voxel."""

    grid: Grid
    dtype: np.dtype[Any]
    stream: Stream
    slope: float = 1.0
    inter: float = 0.0


def make_grid(path: Path, shape: Sequence[int], affine: NDArray[Any]) -> Grid:
    """A header's grid. Trailing axes of one are dropped; VolumeRefused if it is no grid, or larger than is read."""
    shape = tuple(int(side) for side in shape)
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or min(shape) < 1:
        raise refused(path, f"it has shape {by(shape)}, not three dimensions")
    if math.prod(shape) > LARGEST_VOXELS:
        raise refused(path, f"its header claims {by(shape)} voxels; at most {LARGEST_VOXELS} are read")
    affine = np.asarray(affine, dtype=np.float64)
    if not (np.abs(affine) <= FARTHEST_MM).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise refused(path, "its affine is singular, not finite or reaches beyond a kilometre")
    return Grid((shape[0], shape[1], shape[2]), affine)


def require_numbers(path: Path, dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise refused(path, f"its voxels are {dtype}, not plain numbers")
    return dtype


def fill(stream: Stream, zeros: memoryview) -> int:
    """How many bytes the stream had for the buffer."""
    filled = 0
    while filled < len(zeros) and (count := stream.readinto(zeros[filled:])):
        filled += count
    return filled


def take(stream: Stream, count: int) -> bytes:
    taken = bytearray(count)
    if fill(stream, memoryview(taken)) < count:
        raise EOFError("it ends within its header")
    return bytes(taken)


def by(sides: Sequence[float]) -> str:
    return " × ".join(f"{side:.7g}" for side in sides)


def refused(path: Path, why: str) -> VolumeRefused:
    return VolumeRefused(
        f"{path} cannot be read as a volume: {why}.",
        next_step="Give a three-dimensional .nii, .nii.gz, .mha, .mhd or segmentation .dcm that other programs open.",
    )
