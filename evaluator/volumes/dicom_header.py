"""The header of a DICOM segmentation: kind, segments, and where each frame lies. No pixel is read."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from pydicom import Dataset, config
from pydicom.filereader import read_partial
from pydicom.tag import Tag

from evaluator.errors import EvaluatorError
from evaluator.volumes.dicom_lattice import Frames
from evaluator.volumes.header import LARGEST_PREAMBLE, LPS, refused

MOST_READS = 2**20
MOST_ITEMS = 2**18  # a frame has some ten; an empty one takes 8 bytes of the file and a thousand of memory
SEGMENTATION, LABEL_MAP = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"
IMPLICIT, EXPLICIT, RLE = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5"
BITS = {"BINARY": (1,), "FRACTIONAL": (8,), "LABELMAP": (8, 16)}

_PIXEL_DATA = 0x7FE00010
_READ = [
    *("SOPClassUID", "SamplesPerPixel", "NumberOfFrames", "Rows", "Columns", "BitsAllocated", "BitsStored"),
    *("PixelRepresentation", "PixelPaddingValue", "SegmentationType", "MaximumFractionalValue", "SegmentSequence"),
    *("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"),
]


@dataclass(frozen=True, kw_only=True, eq=False)
class SegHeader:
    """A segmentation as its header tells it; pixel data of ``length`` bytes (None: encapsulated) start at ``start``."""

    kind: str  # "BINARY", "FRACTIONAL" or "LABELMAP"
    syntax: str
    bits: int
    full: int  # the stored value that stands for 1 in a fractional segmentation
    background: int  # the stored value of no segment in a label map
    segments: tuple[int, ...]  # a number a frame; 0 in a label map
    frames: Frames
    start: int
    length: int | None


def read_seg_header(path: Path, file: BinaryIO) -> SegHeader:
    """Raises VolumeRefused if the file is no segmentation that is read, or its header is larger than is read."""
    try:
        return _read(path, file)
    except (EvaluatorError, MemoryError):
        raise
    except Exception as error:  # pydicom raises whatever a hostile byte leads it to
        raise refused(path, f"its DICOM header cannot be read ({type(error).__name__}: {error})") from error


class _Head:
    """The beginning of a file for a reader that trusts lengths: bytes, reads and items are counted, and end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._bytes, self._reads, self._items = file, LARGEST_PREAMBLE, MOST_READS, MOST_ITEMS
        self.name, self.seek, self.tell = file.name, file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        if size < 0:  # pydicom reads to the end to inflate a deflated data set, without bound
            raise ValueError("it is deflated as a whole")
        self._bytes -= size
        self._reads -= 1
        block = self._file.read(size) if self._bytes >= 0 else b""
        self._items -= block.count(b"\xfe\xff\x00\xe0")
        if min(self._bytes, self._reads, self._items) < 0:
            raise ValueError(f"it is larger than {LARGEST_PREAMBLE} bytes, or has more than {MOST_ITEMS} items")
        return block


def _read(path: Path, file: BinaryIO) -> SegHeader:
    config.settings.reading_validation_mode = config.IGNORE  # it would warn of every odd value; ours are checked below
    head: Any = _Head(file)
    tags = [Tag(name) for name in _READ]
    data = read_partial(head, stop_when=lambda tag, _vr, _length: tag >= _PIXEL_DATA, specific_tags=[*tags])
    syntax = str(data.file_meta.get("TransferSyntaxUID", ""))
    if data.get("SOPClassUID") not in (SEGMENTATION, LABEL_MAP):
        raise refused(path, "it is no DICOM segmentation")
    if syntax not in (IMPLICIT, EXPLICIT, RLE):
        raise refused(path, f"its transfer syntax {syntax} is not read; write it uncompressed or as RLE Lossless")
    start, length = _find_pixels(path, file, implicit=syntax == IMPLICIT)
    kind, bits = str(data.get("SegmentationType")), int(data.BitsAllocated)
    if bits not in BITS.get(kind, ()) or data.get("BitsStored", bits) != bits:
        raise refused(path, f"it is a {kind} segmentation of {bits} bits")
    if int(data.get("SamplesPerPixel", 1)) != 1 or int(data.get("PixelRepresentation", 0)) != 0:
        raise refused(path, "its pixels are not one unsigned number each")
    frames, segments = _read_frames(path, data, kind)
    header = SegHeader(
        kind=kind,
        syntax=syntax,
        bits=bits,
        full=int(data.MaximumFractionalValue) if kind == "FRACTIONAL" else 1,
        background=int(data.get("PixelPaddingValue", 0)) if kind == "LABELMAP" else 0,
        segments=segments,
        frames=frames,
        start=start,
        length=length,
    )
    if not 1 <= header.full <= 255:
        raise refused(path, f"{header.full} is said to stand for 1")
    return header


def _find_pixels(path: Path, file: BinaryIO, *, implicit: bool) -> tuple[int, int | None]:
    """Where the pixel data's value starts and how many bytes of it there must be; None if encapsulated."""
    block = file.read(8 if implicit else 12)
    group, element = struct.unpack("<HH", block[:4])
    (length,) = struct.unpack("<L", block[-4:])
    if group << 16 | element != _PIXEL_DATA:
        raise refused(path, "it has no pixel data")
    start = file.tell()
    if length == 0xFFFFFFFF:
        return start, None
    if start + length > os.fstat(file.fileno()).st_size:
        raise refused(path, "its pixel data are cut short")
    return start, length


def _read_frames(path: Path, data: Dataset, kind: str) -> tuple[Frames, tuple[int, ...]]:
    per_frame = data.PerFrameFunctionalGroupsSequence
    if int(data.NumberOfFrames) != len(per_frame) or not per_frame:
        raise refused(path, f"it announces {data.NumberOfFrames} frames and describes {len(per_frame)}")
    shared: Dataset | dict[str, Any] = next(iter(data.get("SharedFunctionalGroupsSequence") or ()), {})
    everywhere = {name: shared[name][0] for name in _GROUPS if name in shared}

    def group(frame: Dataset, name: str) -> Dataset:
        found: Dataset = frame[name][0] if name in frame else everywhere[name]
        return found

    turned = {tuple(map(float, group(one, "PlaneOrientationSequence").ImageOrientationPatient)) for one in per_frame}
    measures = [
        group(one, "PixelMeasuresSequence") for one in (per_frame if _MEASURES not in shared else per_frame[:1])
    ]
    spaced = {tuple(map(float, one.PixelSpacing)) for one in measures}
    if len(turned) != 1 or len(spaced) != 1:
        raise refused(path, "its frames are not parallel, or their pixels are not of one size")
    directions, (down, across) = np.reshape(turned.pop(), (2, 3)) @ LPS[:3, :3], spaced.pop()
    positions = [group(one, "PlanePositionSequence").ImagePositionPatient for one in per_frame]
    between = measures[0].get("SpacingBetweenSlices") or 0.0
    if not between and len(per_frame) == 1:
        between = measures[0].get("SliceThickness") or 0.0
    frames = Frames(
        columns=int(data.Columns),
        rows=int(data.Rows),
        across=directions[0] * across,
        down=directions[1] * down,
        positions=np.array(positions, dtype=np.float64).reshape(-1, 3) @ LPS[:3, :3],
        between=abs(float(between)),
    )
    if not frames.sensible:
        raise refused(path, "its frames have no size, or a place beyond any scanner")
    if kind == "LABELMAP":
        return frames, (0,) * len(per_frame)
    described = {int(one.SegmentNumber) for one in data.SegmentSequence}
    segments = tuple(int(group(one, "SegmentIdentificationSequence").ReferencedSegmentNumber) for one in per_frame)
    if not set(segments) <= described or not 1 <= min(segments) <= max(segments) < 2**16:
        raise refused(path, "a frame names a segment that is not described")
    return frames, segments


_MEASURES = "PixelMeasuresSequence"
_GROUPS = ("PlaneOrientationSequence", "PlanePositionSequence", "SegmentIdentificationSequence", _MEASURES)
