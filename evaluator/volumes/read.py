"""From a path to its grid or its voxels, by suffix."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from evaluator.errors import VolumeRefused
from evaluator.records import Grid, Volume
from evaluator.volumes import dicom_seg
from evaluator.volumes.grids import require_same_grid
from evaluator.volumes.header import SUFFIXES, Opened, fill, refused
from evaluator.volumes.inflate import INFLATE_ERROR
from evaluator.volumes.metaimage import open_metaimage
from evaluator.volumes.nifti import open_nifti

_UNREADABLE = (OSError, EOFError, ValueError, INFLATE_ERROR, WrapStructError, HeaderDataError)


def read_grid(path: Path) -> Grid:
    """The grid in a file's header; no voxel is read.

    A DICOM segmentation that omits empty frames at its ends has a smaller grid than its CT.

    Raises
    ------
    VolumeRefused
        The file is no volume, or its header is not one that is read.
    """
    _require_suffix(path)
    if _is_dicom(path):
        return dicom_seg.read_dicom_grid(path)
    with _open(path) as opened:
        return opened.grid


def read_volume(path: Path, *, expect: Grid | None = None) -> Volume:
    """A file's voxels, as stored (no reorientation), scaled as its header says.

    A DICOM segmentation is a stack of frames: with ``expect`` they are laid into that grid, whatever their order and
    the way they are turned; without, into the grid that they make.

    Parameters
    ----------
    path : Path
        A file whose name ends in one of ``SUFFIXES``.
    expect : Grid, optional
        The grid it must lie on.

    Returns
    -------
    Volume
        In Fortran order: ``data.T`` is contiguous. Integers stay integers; a scale that is a float gives floats.

    Raises
    ------
    GridMismatch
        Before a voxel is read: the grid is not ``expect``.
    VolumeRefused
        The file is no volume, is cut short, too long, or its checksum is wrong.
    """
    _require_suffix(path)
    if _is_dicom(path):
        return dicom_seg.read_dicom_volume(path, expect=expect)
    with _open(path) as opened:
        if expect is not None:
            require_same_grid(opened.grid, expect, what=path.name)
        shape = opened.grid.shape
        wanted = math.prod(shape) * opened.dtype.itemsize
        buffer = np.zeros(wanted, dtype=np.uint8)  # the kernel gives its pages when they are written to
        found = fill(opened.stream, buffer.data) + fill(opened.stream, memoryview(bytearray(1)))
    if found != wanted:
        trouble = "longer than its header says" if found > wanted else "cut short"
        raise refused(path, f"its data are {trouble}: {wanted} bytes of voxels are announced")
    data = buffer.view(opened.dtype).reshape(shape[::-1]).T
    if not opened.dtype.isnative:
        data = data.astype(opened.dtype.newbyteorder("="))
    return Volume(scale(data, slope=opened.slope, inter=opened.inter), opened.grid)


def scale(data: NDArray[Any], *, slope: float, inter: float) -> NDArray[Any]:
    """Small integers scaled by whole numbers stay integers; what float32 holds becomes float32, the rest float64.

    A header's slope is a float32: one that is the nearest to 1/n divides by n, so that 255 of 255 is exactly 1.
    """
    if (slope, inter) == (1.0, 0.0):
        return data
    small = data.dtype.kind in "iu" and data.dtype.itemsize <= 2
    if small and slope.is_integer() and inter.is_integer():
        limits = np.iinfo(data.dtype)
        ends = (limits.min * int(slope) + int(inter), limits.max * int(slope) + int(inter))
        whole = np.result_type(*(np.min_scalar_type(end) for end in ends))
        data = data.astype(whole)
        data *= whole.type(slope)
        data += whole.type(inter)
        return data
    real = np.dtype(np.float32 if small or data.dtype == np.float32 else np.float64)
    parts = round(1 / slope) if 2**-24 < abs(slope) < 1 else 0
    if parts and np.float32(1 / parts) == np.float32(slope):
        scaled: NDArray[Any] = np.divide(data, real.type(parts), dtype=real)
    else:
        scaled = np.multiply(data, real.type(slope), dtype=real)
    if inter:
        scaled += real.type(inter)
    return scaled


def _require_suffix(path: Path) -> None:
    if not path.is_file():
        raise VolumeRefused(f"{path} is not a file.", next_step="Check the path.")
    if not path.name.lower().endswith(SUFFIXES):
        raise refused(path, f"its name ends in none of {', '.join(SUFFIXES)}")


def _is_dicom(path: Path) -> bool:
    return path.suffix.lower() == ".dcm"


@contextmanager
def _open(path: Path) -> Iterator[Opened]:
    meta = path.suffix.lower() in (".mha", ".mhd")
    try:
        with open_metaimage(path) if meta else open_nifti(path) as opened:
            yield opened
    except _UNREADABLE as error:  # type: ignore[misc]  # zlib-ng's stub has an instance for its exception class
        raise refused(path, str(error) or type(error).__name__) from error
