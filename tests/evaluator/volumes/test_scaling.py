from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.errors import VolumeRefused
from evaluator.records import Volume
from evaluator.volumes import as_detection_map, read_volume, write_mha, write_nifti
from tests.evaluator.volumes.files import OBLIQUE, write_raw
from tests.phantoms import make_grid


@pytest.mark.parametrize(
    ("slope", "inter", "expected", "dtype"),
    [
        (1.0, -1024.0, [-1274.0, -1273.0], np.int32),
        (2.0, 0.0, [-500.0, -498.0], np.int32),
        (0.5, 1.0, [-124.0, -123.5], np.float32),
        (0.0, 99.0, [-250.0, -249.0], np.int16),  # NIfTI: slope 0 means no scaling
    ],
)
def test_the_headers_scaling_is_honoured(
    tmp_path: Path, scan: Volume, slope: float, inter: float, expected: list[float], dtype: type
) -> None:
    read = read_volume(write_raw(tmp_path / "a.nii.gz", scan, scl_slope=slope, scl_inter=inter))
    assert read.data[0, 0, :2].tolist() == expected
    assert read.data.dtype == dtype


def every_byte() -> Volume:
    return Volume(np.arange(256, dtype=np.uint8).reshape(8, 8, 4), make_grid((8, 8, 4)))


def test_a_map_quantised_to_eight_bits_comes_out_as_parts_of_255(tmp_path: Path) -> None:
    read = read_volume(write_raw(tmp_path / "a.nii.gz", every_byte(), scl_slope=1 / 255))
    assert read.data.dtype == np.float32
    assert read.data.ravel().tolist() == [float(np.float32(part / 255)) for part in range(256)]
    assert read.data.max() == 1.0


@pytest.mark.parametrize(
    ("dtype", "parts"), [(np.uint8, 100), (np.uint8, 127), (np.uint16, 1_000), (np.uint16, 65_535)]
)
def test_a_slope_of_one_part_in_n_divides_by_n(tmp_path: Path, dtype: type, parts: int) -> None:
    data: NDArray[Any] = np.full((2, 2, 2), parts, dtype=dtype)
    data[0] = 1
    read = read_volume(write_raw(tmp_path / "a.nii", Volume(data, make_grid((2, 2, 2))), scl_slope=1 / parts))
    assert np.unique(read.data).tolist() == [float(np.float32(1 / parts)), 1.0]


@pytest.mark.parametrize("name", ["a.nii.gz", "a.mha"])
def test_eight_bits_without_a_scale_are_labels_until_they_are_said_to_be_a_map(tmp_path: Path, name: str) -> None:
    (write_mha if name.endswith("mha") else write_nifti)(tmp_path / name, every_byte())
    read = read_volume(tmp_path / name)
    assert read.data.dtype == np.uint8
    told = as_detection_map(read)
    assert told.data.dtype == np.float32
    assert told.data.ravel().tolist() == [float(np.float32(part / 255)) for part in range(256)]
    assert told.data.T.flags.c_contiguous
    assert told.grid is read.grid


def test_a_map_of_floats_is_the_map_it_is() -> None:
    floats = Volume(np.zeros((2, 2, 2), dtype=np.float64), make_grid((2, 2, 2)))
    assert as_detection_map(floats) is floats


def test_integers_of_another_size_are_not_taken_for_a_map() -> None:
    with pytest.raises(VolumeRefused, match="voxels are int16"):
        as_detection_map(Volume(np.zeros((2, 2, 2), dtype=np.int16), make_grid((2, 2, 2))))


@pytest.mark.parametrize("dtype", [">i2", ">u2", ">i4", ">f4", ">f8"])
def test_big_endian_voxels_become_native(tmp_path: Path, scan: Volume, dtype: str) -> None:
    stored = np.abs(scan.data).astype(dtype)
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(dtype)
    nib.Nifti1Image(stored, OBLIQUE, header).to_filename(tmp_path / "a.nii.gz")
    read = read_volume(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(read.data, stored)
    assert read.data.dtype.isnative
    assert read.data.dtype.newbyteorder(">") == np.dtype(dtype)
    assert read.data.T.flags.c_contiguous


@pytest.mark.parametrize("value", [2**62 + 1, -(2**62) - 1])
def test_wide_integers_keep_every_digit(tmp_path: Path, value: int) -> None:
    write_nifti(tmp_path / "a.nii", Volume(np.full((2, 2, 2), value, dtype=np.int64), make_grid((2, 2, 2))))
    assert int(read_volume(tmp_path / "a.nii").data[1, 1, 1]) == value


def test_big_endian_and_nifti_2_are_read(tmp_path: Path, scan: Volume) -> None:
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    nib.Nifti1Image(scan.data.astype(">i2"), OBLIQUE, header).to_filename(tmp_path / "big.nii.gz")
    nib.Nifti2Image(scan.data, OBLIQUE).to_filename(tmp_path / "two.nii.gz")
    for name in ("big.nii.gz", "two.nii.gz"):
        read = read_volume(tmp_path / name)
        np.testing.assert_array_equal(read.data, scan.data)
        assert read.data.dtype.isnative
