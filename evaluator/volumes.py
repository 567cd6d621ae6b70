"""Files to arrays: a header first, its grid compared, then exactly as many bytes as the grid needs.

NIfTI (.nii, .nii.gz) and MetaImage (.mha, .mhd). Files may be hostile: nothing is allocated or decompressed
beyond what the accepted header accounts for. MetaImage voxels are read here because ITK accepts corrupt ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import nibabel as nib
import numpy as np
import SimpleITK as sitk  # noqa: N813 - its own documentation's name
from isal import igzip, isal_zlib
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError
from numpy.typing import NDArray

from evaluator.errors import GridMismatch, VolumeRefused
from evaluator.records import Grid, Volume

LARGEST_VOXELS = 2**30  # 512 × 512 × 4,096
LARGEST_PREAMBLE = 16 * 1024**2  # bytes before the voxels: header and extensions
TOLERANCE_MM = 1e-3
SUFFIXES = (".nii.gz", ".nii", ".mha", ".mhd")

_CHUNK = 1024**2
_GZIP, _ZLIB = 31, 15
_UNREADABLE = (OSError, EOFError, ValueError, isal_zlib.error, WrapStructError, HeaderDataError)
_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


class _Stream(Protocol):
    def readinto(self, buffer: memoryview, /) -> int: ...


class _Inflated:
    """What a gzip or zlib file holds, inflated as far as asked and no further (at twice the speed of IGzipFile)."""

    def __init__(self, file: BinaryIO, *, wbits: int) -> None:
        self._file, self._wbits = file, wbits
        self._inflater = isal_zlib.decompressobj(wbits)
        self._waiting = b""

    def readinto(self, buffer: memoryview, /) -> int:
        filled = 0
        while filled < len(buffer):
            packed = self._waiting or self._file.read(_CHUNK)
            if self._inflater.eof:  # gzip members may follow one another
                packed = (self._inflater.unused_data or packed).lstrip(b"\0")
                if not packed or self._wbits == _ZLIB:
                    break
                self._inflater = isal_zlib.decompressobj(self._wbits)
            piece = self._inflater.decompress(packed, min(_CHUNK, len(buffer) - filled))
            if not (packed or piece or self._inflater.eof):
                raise EOFError("its compressed data are cut short")
            self._waiting = self._inflater.unconsumed_tail
            buffer[filled : filled + len(piece)] = piece
            filled += len(piece)
        return filled


@dataclass(frozen=True, kw_only=True)
class _Opened:
    """A file whose header has been read and accepted; ``stream`` stands at its first voxel."""

    grid: Grid
    dtype: np.dtype[Any]
    stream: _Stream
    slope: float = 1.0
    inter: float = 0.0


def read_grid(path: Path) -> Grid:
    """The grid in a file's header; no voxel is read. Raises VolumeRefused."""
    with _open(path) as opened:
        return opened.grid


def read_volume(path: Path, *, expect: Grid | None = None) -> Volume:
    """A file's voxels, as stored (no reorientation), scaled as its header says.

    Raises GridMismatch, before a voxel is read, if the grid is not ``expect``; VolumeRefused if the file is no volume.
    """
    with _open(path) as opened:
        if expect is not None:
            require_same_grid(opened.grid, expect, what=path.name)
        shape = opened.grid.shape
        wanted = math.prod(shape) * opened.dtype.itemsize
        buffer = np.empty(wanted, dtype=np.uint8)
        found = _fill(opened.stream, buffer.data) + _fill(opened.stream, memoryview(bytearray(1)))
    if found != wanted:
        trouble = "longer than its header says" if found > wanted else "cut short"
        raise _refused(path, f"its data are {trouble}: {wanted} bytes of voxels are announced")
    data = buffer.view(opened.dtype).reshape(shape[::-1]).T
    if not opened.dtype.isnative:
        data = data.astype(opened.dtype.newbyteorder("="))
    return Volume(_scale(data, slope=opened.slope, inter=opened.inter), opened.grid)


def require_same_grid(a: Grid, b: Grid, *, what: str) -> None:
    """Raise GridMismatch unless both have one shape and affines equal within ``TOLERANCE_MM``; ``what`` names ``a``."""
    if a.shape != b.shape:
        why = f"Its shape is {_by(a.shape)}, expected {_by(b.shape)}."
    elif (off := float(np.abs(a.affine - b.affine).max())) > TOLERANCE_MM:
        why = f"Its affine is off by up to {off:.4g} (tolerance {TOLERANCE_MM:g} mm)."
    else:
        return
    raise GridMismatch(
        f"{what} does not lie on the expected grid.",
        why=why,
        next_step="Write it with the shape and affine of the CT; nothing is resampled here.",
    )


def require_within(volume: Volume, low: float, high: float, *, what: str) -> None:
    """Raise VolumeRefused if a value is NaN, infinite or outside ``low`` to ``high``; ``what`` names the volume."""
    least, most = float(volume.data.min()), float(volume.data.max())
    if not (math.isfinite(least) and math.isfinite(most)):
        raise VolumeRefused(
            f"{what} holds NaN or infinity.", next_step=f"Write finite values from {low:g} to {high:g}."
        )
    if least < low or most > high:
        raise VolumeRefused(
            f"{what} holds values outside {low:g} to {high:g}.",
            why=f"They run from {least:g} to {most:g}.",
            next_step="Write probabilities as floats, labels as integers.",
        )


def write_nifti(path: Path, volume: Volume) -> None:
    """Write .nii or .nii.gz: same volume, same bytes; nothing but voxels, grid and type is in the file."""
    data = volume.data.astype(np.uint8) if volume.data.dtype == bool else volume.data
    header = nib.Nifti1Header()
    header.set_data_dtype(data.dtype)
    header.set_data_shape(data.shape)
    header.set_qform(volume.grid.affine, code=1)
    header.set_sform(volume.grid.affine, code=1)
    header.set_xyzt_units("mm")
    header["magic"] = b"n+1"
    header.set_data_offset(352)
    header.set_slope_inter(1.0, 0.0)
    preamble = header.binaryblock + bytes(4)
    voxels = np.ascontiguousarray(data.T)
    scratch = path.with_name(f".{path.name}.part")
    with scratch.open("wb") as file:
        if path.name.endswith(".gz"):
            with igzip.IGzipFile(filename="", fileobj=file, mode="wb", mtime=0) as packed:
                packed.write(preamble)
                packed.write(voxels.data)
        else:
            file.write(preamble)
            file.write(voxels.data)
    scratch.replace(path)


def write_mha(path: Path, volume: Volume) -> None:
    """Write a compressed MetaImage, its grid turned from RAS to ITK's LPS."""
    data = volume.data.astype(np.uint8) if volume.data.dtype == bool else volume.data
    image = sitk.GetImageFromArray(np.ascontiguousarray(data.T))
    affine = _LPS @ volume.grid.affine
    image.SetSpacing(volume.grid.spacing)
    image.SetDirection((affine[:3, :3] / volume.grid.spacing).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    sitk.WriteImage(image, str(path), useCompression=True)


@contextmanager
def _open(path: Path) -> Iterator[_Opened]:
    if not path.is_file():
        raise VolumeRefused(f"{path} is not a file.", next_step="Check the path.")
    if not path.name.lower().endswith(SUFFIXES):
        raise _refused(path, f"its name ends in none of {', '.join(SUFFIXES)}")
    meta = path.suffix.lower() in (".mha", ".mhd")
    try:
        with _open_meta(path) if meta else _open_nifti(path) as opened:
            yield opened
    except _UNREADABLE as error:  # type: ignore[misc]  # isal's stub has an instance for its exception class
        raise _refused(path, str(error) or type(error).__name__) from error


@contextmanager
def _open_nifti(path: Path) -> Iterator[_Opened]:
    with path.open("rb") as file:
        stream: _Stream = _Inflated(file, wbits=_GZIP) if path.name.lower().endswith(".gz") else file
        block = _take(stream, 348)
        if 540 in (int.from_bytes(block[:4], "little"), int.from_bytes(block[:4], "big")):
            header: nib.Nifti1Header = nib.Nifti2Header(block := block + _take(stream, 540 - 348))
        else:
            header = nib.Nifti1Header(block)
        if not bytes(header["magic"]).startswith(b"n+"):
            raise _refused(path, "it is not a single-file NIfTI")
        offset = int(header.get_data_offset())
        if not len(block) <= offset <= LARGEST_PREAMBLE:
            raise _refused(path, f"its voxels are said to start at byte {offset}")
        slope, inter = header.get_slope_inter()
        grid = _grid(path, header.get_data_shape(), header.get_best_affine())
        _take(stream, offset - len(block))
        yield _Opened(
            grid=grid,
            dtype=_numeric(path, header.get_data_dtype()),
            stream=stream,
            slope=1.0 if slope is None else slope,
            inter=inter or 0.0,
        )


@contextmanager
def _open_meta(path: Path) -> Iterator[_Opened]:
    with path.open("rb") as stream:
        header = _meta_header(path, stream)
        local = header["ElementDataFile"] == "LOCAL"
        beside = path.with_name(header["ElementDataFile"])
        if not local and (path.suffix == ".mha" or beside.parent != path.parent or not beside.is_file()):
            raise _refused(path, "its voxels are neither in it nor in one file beside it")
        if header.get("BinaryData", "True") != "True" or header.get("HeaderSize", "0") != "0":
            raise _refused(path, "its voxels are stored as text or after a foreign header")
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(path))
        try:
            reader.ReadImageInformation()
        except RuntimeError as error:
            raise _refused(path, "its header is not a MetaImage header") from error
        if reader.GetNumberOfComponents() != 1:
            raise _refused(path, "a voxel holds more than one number")
        sample = sitk.GetArrayViewFromImage(sitk.Image([1, 1, 1], reader.GetPixelID()))
        big = "True" in (header.get("BinaryDataByteOrderMSB"), header.get("ElementByteOrderMSB"))
        affine = np.eye(4)
        if reader.GetDimension() == 3:
            affine[:3, :3] = np.reshape(reader.GetDirection(), (3, 3)) * reader.GetSpacing()
            affine[:3, 3] = reader.GetOrigin()
        with path.open("rb") if local else beside.open("rb") as source:
            source.seek(stream.tell() if local else 0)
            yield _Opened(
                grid=_grid(path, reader.GetSize(), _LPS @ affine),
                dtype=_numeric(path, sample.dtype).newbyteorder(">" if big else "<"),
                stream=_Inflated(source, wbits=_ZLIB) if header.get("CompressedData") == "True" else source,
            )


def _meta_header(path: Path, stream: BinaryIO) -> dict[str, str]:
    header: dict[str, str] = {}
    while "ElementDataFile" not in header:
        line = stream.readline(4096)
        key, equals, value = line.decode("latin-1").partition("=")
        if not equals or stream.tell() > LARGEST_PREAMBLE:
            raise _refused(path, "it is not a MetaImage")
        header[key.strip()] = value.strip()
    return header


def _grid(path: Path, shape: tuple[int, ...], affine: NDArray[Any]) -> Grid:
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != 3 or min(shape) < 1:
        raise _refused(path, f"it has shape {_by(shape)}, not three dimensions")
    if math.prod(int(side) for side in shape) > LARGEST_VOXELS:
        raise _refused(path, f"its header claims {_by(shape)} voxels; at most {LARGEST_VOXELS} are read")
    affine = np.asarray(affine, dtype=np.float64)
    if not np.isfinite(affine).all() or abs(np.linalg.det(affine[:3, :3])) < 1e-9:
        raise _refused(path, "its affine is singular or not finite")
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def _numeric(path: Path, dtype: np.dtype[Any]) -> np.dtype[Any]:
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise _refused(path, f"its voxels are {dtype}, not plain numbers")
    return dtype


def _fill(stream: _Stream, buffer: memoryview) -> int:
    filled = 0
    while filled < len(buffer) and (count := stream.readinto(buffer[filled:])):
        filled += count
    return filled


def _take(stream: _Stream, count: int) -> bytes:
    taken = bytearray(count)
    if _fill(stream, memoryview(taken)) < count:
        raise EOFError("it ends within its header")
    return bytes(taken)


def _scale(data: NDArray[Any], *, slope: float, inter: float) -> NDArray[Any]:
    """Small integers scaled by whole numbers stay integers; what float32 holds becomes float32, the rest float64."""
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
    scaled: NDArray[Any] = data.astype(real) * real.type(slope) + real.type(inter)
    return scaled


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(str(side) for side in shape)


def _refused(path: Path, why: str) -> VolumeRefused:
    return VolumeRefused(
        f"{path} cannot be read as a volume: {why}.",
        next_step="Give a three-dimensional .nii, .nii.gz, .mha or .mhd file that other programs open.",
    )
