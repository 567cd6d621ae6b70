"""Written by highdicom 0.28.2, read by us; highdicom's own reader is asked the same."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, RLELossless

from evaluator.records import Grid, Volume
from evaluator.volumes import read_grid, read_volume
from tests.evaluator.volumes.files import OBLIQUE
from tests.evaluator.volumes.segmentations import LPS, write_seg

GRID = Grid((7, 9, 10), OBLIQUE)  # 63 and 70 pixels a frame: single bits do not end with a byte


@pytest.fixture
def lesions() -> NDArray[np.uint8]:
    """Three labels that touch; most slices of every axis are empty."""
    data = np.zeros(GRID.shape, dtype=np.uint8)
    data[2:5, 1:6, 3:6] = 1
    data[4, 4:6, 5] = 2
    data[3, 6, 4] = 3
    return data


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flip", [(), (0,), (1,), (2,), (0, 1, 2)])
def test_frames_are_laid_into_the_expected_grid_however_they_are_turned(
    tmp_path: Path, lesions: NDArray[np.uint8], order: tuple[int, int, int], flip: tuple[int, ...]
) -> None:
    path = write_seg(tmp_path / "a.dcm", (lesions > 0).astype(np.uint8), GRID, order=order, flip=flip)
    read = read_volume(path, expect=GRID)
    np.testing.assert_array_equal(read.data, lesions > 0)
    assert read.data.dtype == np.uint8
    assert read.data.T.flags.c_contiguous
    assert read.grid is GRID


@pytest.mark.parametrize("kind", ["BINARY", "LABELMAP"])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("omit", [True, False])
def test_segments_become_their_numbers(
    tmp_path: Path, lesions: NDArray[np.uint8], kind: str, syntax: str, omit: bool
) -> None:
    options: dict[str, Any] = {"transfer_syntax_uid": syntax, "omit_empty_frames": omit}
    path = write_seg(tmp_path / "a.dcm", lesions, GRID, kind=kind, segments=3, **options)
    np.testing.assert_array_equal(read_volume(path, expect=GRID).data, lesions)


def test_segments_may_skip_numbers(tmp_path: Path, lesions: NDArray[np.uint8]) -> None:
    lesions[lesions == 2] = 40
    path = write_seg(tmp_path / "a.dcm", lesions, GRID, kind="LABELMAP", segments=40)
    np.testing.assert_array_equal(read_volume(path, expect=GRID).data, lesions)


def test_more_than_255_segments_take_two_bytes(tmp_path: Path) -> None:
    labels = np.arange(1, 301, dtype=np.uint16).reshape(10, 10, 3)
    grid = Grid((10, 10, 3), np.eye(4))
    for kind in ("BINARY", "LABELMAP"):
        path = write_seg(tmp_path / "a.dcm", labels, grid, kind=kind, segments=300)
        read = read_volume(path, expect=grid)
        np.testing.assert_array_equal(read.data, labels)
        assert read.data.dtype == np.uint16


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_a_fractional_segmentation_is_a_map(tmp_path: Path, syntax: str) -> None:
    fractions = np.zeros(GRID.shape, dtype=np.float32)
    fractions[2:5, 1:6, 3:6] = np.arange(45).reshape(3, 5, 3) / 44
    for full in (255, 100):
        options: dict[str, Any] = {"transfer_syntax_uid": syntax, "max_fractional_value": full}
        path = write_seg(tmp_path / "a.dcm", fractions, GRID, kind="FRACTIONAL", **options)
        read = read_volume(path, expect=GRID)
        assert read.data.dtype == np.float32
        np.testing.assert_array_equal(read.data, np.rint(fractions * full).astype(np.float32) / np.float32(full))
        assert read.data.max() == 1.0


def test_run_lengths_are_read(tmp_path: Path, lesions: NDArray[np.uint8]) -> None:
    options: dict[str, Any] = {"transfer_syntax_uid": RLELossless}
    path = write_seg(tmp_path / "a.dcm", lesions, GRID, kind="LABELMAP", segments=3, **options)
    np.testing.assert_array_equal(read_volume(path, expect=GRID).data, lesions)
    wide = lesions.astype(np.uint16) * 100
    path = write_seg(tmp_path / "b.dcm", wide, GRID, kind="LABELMAP", segments=300, **options)
    np.testing.assert_array_equal(read_volume(path, expect=GRID).data, wide)


@pytest.mark.parametrize("flip", [(), (0,), (1,), (0, 2)])
def test_without_a_grid_the_frames_make_their_own(
    tmp_path: Path, lesions: NDArray[np.uint8], flip: tuple[int, ...]
) -> None:
    """Every voxel lies where it did; highdicom 0.28.2's reader finds the same labels at the same places."""
    lesions[3, 6, 8] = 3  # the slices between are left out of the file
    path = write_seg(tmp_path / "a.dcm", lesions, GRID, kind="LABELMAP", segments=3, flip=flip)
    read = read_volume(path)
    assert read.grid.shape == read_grid(path).shape == (7, 9, 6)
    assert in_the_world(read) == in_the_world(Volume(lesions, GRID))
    theirs = hd.seg.segread(path).get_volume(combine_segments=True)
    assert in_the_world(read) == in_the_world(
        Volume(theirs.array, Grid((theirs.shape[0], theirs.shape[1], theirs.shape[2]), LPS @ theirs.affine))
    )


def in_the_world(volume: Volume) -> set[tuple[float, ...]]:
    """Label and place of every voxel that is not empty."""
    index = np.argwhere(volume.data)
    places = index @ volume.grid.affine[:3, :3].T + volume.grid.affine[:3, 3]
    labels = volume.data[tuple(index.T)][:, np.newaxis]
    return set(map(tuple, np.hstack([labels, places.round(3) + 0.0]).tolist()))
