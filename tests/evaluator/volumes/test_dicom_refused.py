from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from evaluator.errors import GridMismatch, VolumeRefused
from evaluator.records import Grid
from evaluator.volumes import read_grid, read_volume
from tests.evaluator.volumes.files import OBLIQUE
from tests.evaluator.volumes.segmentations import write_seg
from tests.phantoms import make_grid

GRID = Grid((7, 8, 10), OBLIQUE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two segments on slices 3 and 5, and 3."""
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[2:5, 1:6, [3, 5]], labels[5, 5, 3] = 1, 2
    return write_seg(tmp_path / "a.dcm", labels, GRID, segments=2)


def damage(path: Path, change: Callable[[Any], object]) -> None:
    data = dcmread(path)
    change(data)
    data.save_as(path)


@pytest.mark.parametrize(
    ("move", "why"),
    [
        ((0, 0, 0.002), "Frame 1 lies 0.002 mm off the nearest slice"),
        ((0, 0, 0.35), "mm off the nearest slice"),
        ((0.35, 0, 0), "Frame 1 lies 0.35 mm off the nearest slice"),
        ((0, 0, 75), r"Frame 1 lies on slice -4\d, expected 0 to 9"),
    ],
)
def test_frames_off_the_slices_are_refused_before_a_pixel_is_read(path: Path, move: Any, why: str) -> None:
    damage(path, lambda data: setattr(data, "PixelData", b"\0" * 2))  # its pixels could not be read
    moved = OBLIQUE.copy()
    moved[:3, 3] += OBLIQUE[:3, :3] @ np.divide(move, [0.7, 0.7, 1.5])
    with pytest.raises(GridMismatch, match=why):
        read_volume(path, expect=Grid(GRID.shape, moved))
    with pytest.raises(VolumeRefused, match="its frames need 21"):  # 3 × 56 bits
        read_volume(path, expect=GRID)


def test_frames_within_a_thousandth_of_a_millimetre_are_on_the_slice(path: Path) -> None:
    moved = OBLIQUE.copy()
    moved[:3, 3] += (0.0005, 0.0005, 0.0005)
    assert np.count_nonzero(read_volume(path, expect=Grid(GRID.shape, moved)).data) == 31


def test_another_grid_is_named(path: Path) -> None:
    with pytest.raises(GridMismatch, match="frames have 7 × 8 pixels, expected 7 × 9"):
        read_volume(path, expect=Grid((7, 9, 10), OBLIQUE))
    with pytest.raises(GridMismatch, match=r"spacing of columns is 0\.7 mm, expected 0\.8 mm"):
        read_volume(path, expect=Grid(GRID.shape, OBLIQUE @ np.diag([0.8 / 0.7, 1, 1, 1])))
    turned = np.eye(4)
    turned[:2, :2] = [[np.cos(0.01), -np.sin(0.01)], [np.sin(0.01), np.cos(0.01)]]
    with pytest.raises(GridMismatch, match=r"turned by 0\.573°"):  # 0.01 radians
        read_volume(path, expect=Grid(GRID.shape, turned @ OBLIQUE))


def test_segments_that_overlap_are_refused(tmp_path: Path) -> None:
    both = np.zeros((*GRID.shape, 2), dtype=np.uint8)
    both[2:5, 2:5, 4, 0] = 1
    both[4:6, 4:6, 4, 1] = 1
    path = write_seg(tmp_path / "a.dcm", both, GRID, segments=2)
    with pytest.raises(VolumeRefused, match="segments 1 and 2 overlap"):
        read_volume(path, expect=GRID)


def test_fractions_of_several_segments_are_refused(tmp_path: Path) -> None:
    both = np.zeros((*GRID.shape, 2), dtype=np.float32)
    both[2:5, 2:5, 4, 0] = both[4:6, 4:6, 4, 1] = 0.5
    path = write_seg(tmp_path / "a.dcm", both, GRID, kind="FRACTIONAL", segments=2)
    with pytest.raises(VolumeRefused, match="fractions of several segments"):
        read_volume(path, expect=GRID)


def shift(data: Any, axis: int) -> None:
    """The last frame by 0.1 mm, in DICOM's coordinates; slices follow each other along the second."""
    place = data.PerFrameFunctionalGroupsSequence[-1].PlanePositionSequence[0]
    place.ImagePositionPatient = [float(x) + 0.1 * (axis == i) for i, x in enumerate(place.ImagePositionPatient)]


def test_frames_that_are_not_regularly_spaced_make_no_grid_of_their_own(tmp_path: Path) -> None:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[2:5, 1:6, [3, 5]] = 1
    path = write_seg(tmp_path / "a.dcm", labels, GRID)
    assert read_grid(path).shape == (7, 8, 3)
    damage(path, lambda data: shift(data, 1))
    with pytest.raises(VolumeRefused, match="not regularly spaced"):
        read_grid(path)


def test_frames_that_are_not_stacked_straight_make_no_grid_of_their_own(tmp_path: Path) -> None:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[2:5, 1:6, [3, 5]] = 1
    path = write_seg(tmp_path / "a.dcm", labels, GRID)
    damage(path, lambda data: shift(data, 2))
    with pytest.raises(VolumeRefused, match="not stacked straight"):
        read_grid(path)


def frame(data: Any, number: int = 0) -> Any:
    return data.PerFrameFunctionalGroupsSequence[number]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda data: setattr(data, "SOPClassUID", CTImageStorage), "no DICOM segmentation"),
        (lambda data: setattr(data, "NumberOfFrames", 4), "announces 4 frames and describes 3"),
        (lambda data: setattr(data, "NumberOfFrames", 2**31 - 1), "announces 2147483647 frames"),
        (lambda data: setattr(data, "BitsAllocated", 32), "BINARY segmentation of 32 bits"),
        (lambda data: setattr(data, "SegmentationType", "OTHER"), "OTHER segmentation"),
        (lambda data: setattr(data, "SamplesPerPixel", 3), "not one unsigned number"),
        (lambda data: setattr(data, "Rows", 0), "have no size"),
        (lambda data: setattr(data, "PixelData", bytes(4)), "have 4 bytes, its frames need 21"),
        (lambda data: setattr(data, "PixelData", bytes(400)), "have 400 bytes, its frames need 21"),
        (lambda data: delattr(data, "PixelData"), "cannot be read"),
        (lambda data: delattr(data, "PerFrameFunctionalGroupsSequence"), "cannot be read"),
        (lambda data: delattr(frame(data), "PlanePositionSequence"), "KeyError"),
        (
            lambda data: frame(data).PlanePositionSequence[0].__setattr__("ImagePositionPatient", [1, 2]),
            "cannot be read",
        ),
        (
            lambda data: frame(data).SegmentIdentificationSequence[0].__setattr__("ReferencedSegmentNumber", 9),
            "segment that is not described",
        ),
        (lambda data: data.PerFrameFunctionalGroupsSequence.__setitem__(1, frame(data)), "lie on the same slice"),
    ],
)
def test_headers_that_make_no_sense_are_refused(path: Path, change: Callable[[Any], object], why: str) -> None:
    damage(path, change)
    with pytest.raises(VolumeRefused, match=why):
        read_volume(path, expect=GRID)


@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, JPEGLSLossless])
def test_other_compressions_are_refused_unopened(path: Path, syntax: UID) -> None:
    data = dcmread(path)
    data.file_meta.TransferSyntaxUID = syntax
    if syntax == JPEGLSLossless:
        data["PixelData"].is_undefined_length = True
        data.PixelData = struct.pack("<HHL", 0xFFFE, 0xE000, 0)
    data.save_as(path)
    with pytest.raises(VolumeRefused, match=r"deflated as a whole|write it uncompressed or as RLE"):
        read_volume(path, expect=GRID)


def test_a_file_cut_anywhere_is_refused(path: Path) -> None:
    content = path.read_bytes()
    for size in range(0, len(content), 97):
        path.write_bytes(content[:size])
        with pytest.raises(VolumeRefused, match=r"a\.dcm cannot be read as a volume"):
            read_volume(path, expect=GRID)


def test_run_lengths_are_bounded_before_they_are_decoded(tmp_path: Path) -> None:
    labels = np.zeros(GRID.shape, dtype=np.uint8)
    labels[2:5, 1:6, 3:5] = 1
    options: dict[str, Any] = {"transfer_syntax_uid": RLELossless}
    path = write_seg(tmp_path / "a.dcm", labels, GRID, kind="LABELMAP", **options)
    content = path.read_bytes()
    start = content.index(struct.pack("<HH", 0x7FE0, 0x0010)) + 12
    table = struct.unpack("<L", content[start + 4 : start + 8])[0]
    first = start + 8 + table
    bomb = struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\x01" * 2_000_000  # 4 MB that become 256 MB
    for pieces in ([bomb] * 2, [bytes(64)] * 3, [bytes(64)], [b""] * 2, [bytes(64)] * 2):
        items = b"".join(struct.pack("<HHL", 0xFFFE, 0xE000, len(piece)) + piece for piece in pieces)
        path.write_bytes(content[:first] + items + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0))
        with pytest.raises(VolumeRefused, match=r"one run-length coded piece a frame|cannot be decoded"):
            read_volume(path, expect=GRID)


def nested(count: int) -> bytes:
    opened = struct.pack("<HH2sHL", 0x5200, 0x9230, b"SQ", 0, 0xFFFFFFFF)
    return (opened + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)) * count


def empty_items(count: int) -> bytes:
    opened = struct.pack("<HH2sHL", 0x5200, 0x9230, b"SQ", 0, 0xFFFFFFFF)
    return opened + struct.pack("<HHL", 0xFFFE, 0xE000, 0) * count


def sized_items(count: int) -> bytes:
    opened = struct.pack("<HH2sHL", 0x5200, 0x9230, b"SQ", 0, 8 * count)
    return opened + struct.pack("<HHL", 0xFFFE, 0xE000, 0) * count


def one_large(count: int) -> bytes:
    return struct.pack("<HH2sHL", 0x0062, 0x0002, b"SQ", 0, count) + bytes(count)


@pytest.mark.parametrize(
    ("make", "count"), [(nested, 50_000), (empty_items, 1_000_000), (sized_items, 1_000_000), (one_large, 2**25)]
)
def test_headers_built_to_exhaust_the_reader_are_refused(path: Path, make: Callable[[int], bytes], count: int) -> None:
    content = path.read_bytes()
    cut = content.index(struct.pack("<HH", 0x0062, 0x0001))  # of the segmentation type
    path.write_bytes(content[:cut] + make(count))
    with pytest.raises(VolumeRefused, match=r"RecursionError|more than 262144 items|No tag to read"):
        read_volume(path, expect=make_grid())


def test_a_dataset_that_is_not_dicom_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"not a DICOM file at all" * 50)
    with pytest.raises(VolumeRefused, match="DICOM header cannot be read"):
        read_grid(tmp_path / "a.dcm")
