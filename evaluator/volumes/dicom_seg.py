"""A DICOM segmentation's frames, decoded one by one into a volume of labels or of fractions."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom.pixels.decoders.base import get_decoder

from evaluator.errors import EvaluatorError
from evaluator.records import Grid, Volume
from evaluator.volumes.dicom_header import RLE, SegHeader, read_seg_header
from evaluator.volumes.dicom_lattice import Layout, lay_into, own_grid
from evaluator.volumes.header import refused


def read_dicom_grid(path: Path) -> Grid:
    """The grid that the frames make; see `own_grid`."""
    with path.open("rb") as file:
        return own_grid(path, read_seg_header(path, file).frames)


def read_dicom_volume(path: Path, *, expect: Grid | None) -> Volume:
    """Segments as their numbers, or a fractional segmentation from 0 to 1, on ``expect`` or on the frames' own grid.

    Slices without a frame are empty, as the standard says of frames that are left out (PS3.3 C.8.20.2).
    """
    with path.open("rb") as file:
        header = read_seg_header(path, file)
        grid = own_grid(path, header.frames) if expect is None else expect
        layout = lay_into(header.frames, grid, what=path.name)
        _require_one_frame_a_place(path, header, layout)
        _require_sizes(path, header, file)
        data = _room(header, grid)
        try:
            for number, frame in enumerate(_decode(header, file)):
                _paint(path, header, data[layout.place(number)], layout.turn(frame), header.segments[number])
        except (EvaluatorError, MemoryError):
            raise
        except Exception as error:  # pydicom raises whatever a hostile byte leads it to
            raise refused(path, f"its pixel data cannot be decoded ({type(error).__name__}: {error})") from error
    return Volume(data, grid)


def _require_one_frame_a_place(path: Path, header: SegHeader, layout: Layout) -> None:
    """So there are at most as many frames as slices × segments."""
    if header.kind == "FRACTIONAL" and len(set(header.segments)) > 1:
        raise refused(path, "it holds fractions of several segments; a detection map has one")
    if len(set(zip(header.segments, layout.slices.tolist(), strict=True))) < len(header.segments):
        raise refused(path, "two frames of one segment lie on the same slice")


def _require_sizes(path: Path, header: SegHeader, file: BinaryIO) -> None:
    """Hold what is stored against what the frames need, before any of it is decoded."""
    pixels = header.frames.columns * header.frames.rows
    if header.syntax != RLE:
        wanted = -(-pixels * len(header.segments) * header.bits // 8)
        if header.length not in (wanted, wanted + wanted % 2):
            raise refused(path, f"its pixel data have {header.length} bytes, its frames need {wanted}")
        return
    if header.length is not None or header.bits == 1:
        raise refused(path, "its pixel data are not as RLE Lossless is stored")
    largest = 64 + 2 * pixels * header.bits // 8  # the worst run-length coding takes two bytes for one
    lengths = _fragments(path, file, header.start, most=len(header.segments))
    if len(lengths) != len(header.segments) or max(lengths) > largest:
        raise refused(path, "its pixel data are not one run-length coded piece a frame")


def _fragments(path: Path, file: BinaryIO, start: int, *, most: int) -> list[int]:
    """How long the pieces of encapsulated pixel data are; the first, a table of offsets, is left out."""
    file.seek(start)
    lengths: list[int] = []
    while True:
        block = file.read(8)
        if len(block) < 8:
            raise refused(path, "its pixel data are cut short")
        group, element, length = struct.unpack("<HHL", block)
        if (group, element) == (0xFFFE, 0xE0DD):
            return lengths[1:]
        if (group, element) != (0xFFFE, 0xE000) or len(lengths) > most:
            raise refused(path, "its pixel data are not one run-length coded piece a frame")
        lengths.append(length)
        file.seek(length, 1)


def _room(header: SegHeader, grid: Grid) -> NDArray[Any]:
    if header.kind == "FRACTIONAL":
        return np.zeros(grid.shape, dtype=np.float32, order="F")
    wide = header.bits == 16 if header.kind == "LABELMAP" else max(header.segments) > 255
    return np.zeros(grid.shape, dtype=np.uint16 if wide else np.uint8, order="F")


def _decode(header: SegHeader, file: BinaryIO) -> Iterator[NDArray[Any]]:
    """Stored values, a frame (rows, columns) at a time."""
    return _decode_runs(header, file) if header.syntax == RLE else _decode_plain(header, file)


def _decode_plain(header: SegHeader, file: BinaryIO) -> Iterator[NDArray[Any]]:
    """Frames follow each other without a gap, so that one of single bits may begin within a byte.

    Read here, because pydicom 3.0.2 loses the last bits of such a frame.
    """
    rows, columns, bits = header.frames.rows, header.frames.columns, header.bits
    for number in range(len(header.segments)):
        first, skip = divmod(number * rows * columns * bits, 8)
        file.seek(header.start + first)
        stored = file.read(-(-(skip + rows * columns * bits) // 8))
        if bits == 1:
            unpacked = np.unpackbits(np.frombuffer(stored, dtype=np.uint8), bitorder="little")
            yield unpacked[skip : skip + rows * columns].reshape(rows, columns)
        else:
            yield np.frombuffer(stored, dtype=f"<u{bits // 8}").reshape(rows, columns)


def _decode_runs(header: SegHeader, file: BinaryIO) -> Iterator[NDArray[Any]]:
    file.seek(header.start)
    frames = get_decoder(header.syntax).iter_array(
        file,
        raw=True,
        rows=header.frames.rows,
        columns=header.frames.columns,
        number_of_frames=len(header.segments),
        samples_per_pixel=1,
        photometric_interpretation="MONOCHROME2",
        pixel_representation=0,
        bits_allocated=header.bits,
        bits_stored=header.bits,
        pixel_keyword="PixelData",
    )
    for frame, _ in frames:
        yield frame


def _paint(path: Path, header: SegHeader, plane: NDArray[Any], frame: NDArray[Any], segment: int) -> None:
    if header.kind == "FRACTIONAL":
        if int(frame.max()) > header.full:
            raise refused(path, f"it holds fractions above {header.full}, which stands for 1")
        np.divide(frame, np.float32(header.full), out=plane)
    elif header.kind == "LABELMAP":
        plane[...] = np.where(frame == header.background, 0, frame) if header.background else frame
    else:
        inside = frame != 0
        taken = plane[inside]
        if taken.any():
            raise refused(path, f"its segments {int(taken.max())} and {segment} overlap")
        plane[inside] = segment
