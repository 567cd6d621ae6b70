from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from evaluator.records import Volume
from evaluator.volumes import read_grid, read_volume, write_mha, write_nifti
from tests.evaluator.volumes.files import OBLIQUE
from tests.phantoms import make_grid


@pytest.mark.parametrize("name", ["scan.nii", "scan.nii.gz", "scan.mha"])
def test_what_is_written_is_read_back_as_it_was(tmp_path: Path, scan: Volume, name: str) -> None:
    (write_mha if name.endswith("mha") else write_nifti)(tmp_path / name, scan)
    read = read_volume(tmp_path / name, expect=scan.grid)
    np.testing.assert_array_equal(read.data, scan.data)
    assert read.data.dtype == np.int16
    np.testing.assert_allclose(read.grid.affine, OBLIQUE, atol=1e-6)
    np.testing.assert_allclose(read_grid(tmp_path / name).affine, OBLIQUE, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.int64, np.float32, np.float64])
def test_a_nifti_keeps_its_type(tmp_path: Path, dtype: type) -> None:
    path = tmp_path / "a.nii.gz"
    write_nifti(path, Volume(np.ones((2, 3, 4), dtype=dtype), make_grid((2, 3, 4))))
    assert read_volume(path).data.dtype == dtype


def test_nibabel_reads_the_same_voxels_in_the_same_places(tmp_path: Path, scan: Volume) -> None:
    write_nifti(tmp_path / "scan.nii.gz", scan)
    image = nib.Nifti1Image.from_filename(tmp_path / "scan.nii.gz")
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), scan.data)
    np.testing.assert_allclose(image.get_sform(), OBLIQUE, atol=1e-6)
    np.testing.assert_allclose(image.get_qform(), OBLIQUE, atol=1e-5)


@pytest.mark.parametrize("name", ["scan.nii.gz", "scan.mha"])
def test_itk_finds_a_voxel_at_the_same_point_of_the_patient(tmp_path: Path, scan: Volume, name: str) -> None:
    (write_mha if name.endswith("mha") else write_nifti)(tmp_path / name, scan)
    image = sitk.ReadImage(str(tmp_path / name))
    left, posterior, superior = image.TransformIndexToPhysicalPoint((2, 3, 4))
    np.testing.assert_allclose((-left, -posterior, superior), (OBLIQUE @ (2, 3, 4, 1))[:3], atol=1e-5)
    assert image[2, 3, 4] == scan.data[2, 3, 4]


@pytest.mark.parametrize("name", ["itk.mha", "itk.mhd"])
@pytest.mark.parametrize("compressed", [True, False])
def test_what_itk_writes_is_read(tmp_path: Path, name: str, compressed: bool) -> None:
    image = sitk.GetImageFromArray(np.arange(60, dtype=np.float64).reshape(3, 4, 5) / 60)
    image.SetSpacing((0.5, 0.75, 3.0))
    image.SetOrigin((10.0, 20.0, 30.0))
    sitk.WriteImage(image, str(tmp_path / name), useCompression=compressed)
    read = read_volume(tmp_path / name)
    assert read.data.shape == (5, 4, 3)
    assert read.data[4, 3, 2] == 59 / 60
    np.testing.assert_allclose(read.grid.affine[:3, 3], (-10.0, -20.0, 30.0))
    np.testing.assert_allclose(read.grid.spacing, (0.5, 0.75, 3.0))


def test_the_same_volume_gives_the_same_bytes(tmp_path: Path, scan: Volume) -> None:
    write_nifti(tmp_path / "a.nii.gz", scan)
    write_nifti(tmp_path / "b.nii.gz", Volume(np.asfortranarray(scan.data), scan.grid))
    first = (tmp_path / "a.nii.gz").read_bytes()
    assert first == (tmp_path / "b.nii.gz").read_bytes()
    assert first[3] == 0  # gzip flags: no name, no comment
    assert first[4:8] == bytes(4)  # gzip modification time
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a.nii.gz", "b.nii.gz"]


def test_extensions_before_the_voxels_are_passed_over(tmp_path: Path, scan: Volume) -> None:
    image = nib.Nifti1Image(scan.data, OBLIQUE)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"a patient's name"))
    image.to_filename(tmp_path / "a.nii.gz")
    read = read_volume(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(read.data, scan.data)
    write_nifti(tmp_path / "b.nii", read)
    assert b"patient" not in (tmp_path / "b.nii").read_bytes()


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.mha"])
def test_voxels_lie_in_fortran_order(tmp_path: Path, scan: Volume, name: str) -> None:
    (write_mha if name.endswith("mha") else write_nifti)(tmp_path / name, scan)
    assert read_volume(tmp_path / name).data.T.flags.c_contiguous


def test_labels_need_not_follow_each_other(tmp_path: Path) -> None:
    labels = np.zeros((4, 3, 2), dtype=np.uint16)
    labels[0], labels[1], labels[3] = 3, 250, 41_000
    for name in ("a.nii.gz", "a.mha"):
        (write_mha if name.endswith("mha") else write_nifti)(tmp_path / name, Volume(labels, make_grid((4, 3, 2))))
        assert np.unique(read_volume(tmp_path / name).data).tolist() == [0, 3, 250, 41_000]
