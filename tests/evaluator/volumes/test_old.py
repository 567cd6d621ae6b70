from __future__ import annotations

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813

from evaluator.errors import GridMismatch, VolumeRefused
from evaluator.records import Grid, Volume
from evaluator.volumes import (
    LARGEST_VOXELS,
    read_grid,
    read_volume,
    require_same_grid,
    require_within,
    write_mha,
    write_nifti,
)
from tests.phantoms import make_grid

OBLIQUE = np.array([[-0.7, 0.0, 0.0, 12.5], [0.0, 0.0, -1.5, 5.25], [0.0, 0.7, 0.0, -7.0], [0.0, 0.0, 0.0, 1.0]])


@pytest.fixture
def scan() -> Volume:
    data = np.arange(7 * 8 * 9, dtype=np.int16).reshape(7, 8, 9) - 250
    return Volume(data, Grid((7, 8, 9), OBLIQUE))


def write_raw(path: Path, scan: Volume, **fields: object) -> Path:
    """A NIfTI with header fields as asked, whatever they break; gzip is the standard library's."""
    plain = path.with_name("plain.nii")
    write_nifti(plain, scan)
    content = plain.read_bytes()
    header = nib.Nifti1Header(content[:348])
    for name, value in fields.items():
        header[name] = value
    whole = header.binaryblock + content[348:]
    path.write_bytes(gzip.compress(whole) if path.suffix == ".gz" else whole)
    return path


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


def test_a_map_quantised_to_eight_bits_still_ends_at_one(tmp_path: Path) -> None:
    full = Volume(np.full((2, 2, 2), 255, dtype=np.uint8), make_grid((2, 2, 2)))
    read = read_volume(write_raw(tmp_path / "a.nii.gz", full, scl_slope=1 / 255))
    assert float(read.data.max()) == 1.0


def test_big_endian_and_nifti_2_are_read(tmp_path: Path, scan: Volume) -> None:
    header = nib.Nifti1Header(endianness=">")
    nib.Nifti1Image(scan.data.astype(">i2"), OBLIQUE, header).to_filename(tmp_path / "big.nii.gz")
    nib.Nifti2Image(scan.data, OBLIQUE).to_filename(tmp_path / "two.nii.gz")
    for name in ("big.nii.gz", "two.nii.gz"):
        read = read_volume(tmp_path / name)
        np.testing.assert_array_equal(read.data, scan.data)
        assert read.data.dtype.isnative


def test_a_trailing_axis_of_one_is_dropped_and_gzip_members_may_follow_each_other(tmp_path: Path, scan: Volume) -> None:
    path = write_raw(tmp_path / "a.nii.gz", scan, dim=(4, 7, 8, 9, 1, 1, 1, 1))
    whole = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(whole[:300]) + gzip.compress(whole[300:]) + bytes(512))
    np.testing.assert_array_equal(read_volume(path).data, scan.data)


def test_extensions_before_the_voxels_are_passed_over(tmp_path: Path, scan: Volume) -> None:
    image = nib.Nifti1Image(scan.data, OBLIQUE)
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"a patient's name"))
    image.to_filename(tmp_path / "a.nii.gz")
    read = read_volume(tmp_path / "a.nii.gz")
    np.testing.assert_array_equal(read.data, scan.data)
    write_nifti(tmp_path / "b.nii", read)
    assert b"patient" not in (tmp_path / "b.nii").read_bytes()


def test_a_wrong_grid_is_refused_before_a_voxel_is_read(tmp_path: Path, scan: Volume) -> None:
    path = tmp_path / "a.nii.gz"
    write_nifti(path, scan)
    path.write_bytes(path.read_bytes()[:-30])  # its voxels could not be read
    with pytest.raises(GridMismatch, match="7 × 8 × 9, expected 7 × 8 × 10"):
        read_volume(path, expect=Grid((7, 8, 10), OBLIQUE))
    flipped = OBLIQUE * [[-1, 1, 1, 1]]
    with pytest.raises(GridMismatch, match="orientation is"):
        read_volume(path, expect=Grid((7, 8, 9), flipped))
    with pytest.raises(VolumeRefused, match="cut short"):
        read_volume(path, expect=scan.grid)


@pytest.mark.parametrize(("shift", "fits"), [(0.0009, True), (0.0011, False)])
def test_grids_are_the_same_within_a_thousandth_of_a_millimetre(shift: float, fits: bool) -> None:
    ours, theirs = make_grid(), make_grid(origin=(0.0, shift, 0.0))
    if fits:
        require_same_grid(ours, theirs, what="The mask")
    else:
        with pytest.raises(GridMismatch, match="The mask does not lie"):
            require_same_grid(ours, theirs, what="The mask")


def test_a_header_that_claims_too_much_is_refused_before_anything_is_allocated(tmp_path: Path, scan: Volume) -> None:
    path = write_raw(tmp_path / "a.nii.gz", scan, dim=(3, 32767, 32767, 32767, 1, 1, 1, 1))
    with pytest.raises(VolumeRefused, match=f"at most {LARGEST_VOXELS}"):
        read_volume(path)
    write_mha(tmp_path / "a.mha", scan)
    content = (tmp_path / "a.mha").read_bytes()
    (tmp_path / "a.mha").write_bytes(content.replace(b"DimSize = 7 8 9", b"DimSize = 90000 90000 90000"))
    with pytest.raises(VolumeRefused, match=f"at most {LARGEST_VOXELS}"):
        read_volume(tmp_path / "a.mha")


@pytest.mark.parametrize("packed", [True, False])
@pytest.mark.parametrize(("change", "why"), [(-1, "cut short"), (1, "longer than its header says")])
def test_too_few_and_too_many_bytes_are_refused(
    tmp_path: Path, scan: Volume, packed: bool, change: int, why: str
) -> None:
    path = write_raw(tmp_path / "a.nii", scan)
    content = path.read_bytes()
    content = content + b"\1" if change > 0 else content[:change]
    path = tmp_path / "b.nii.gz" if packed else path
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(VolumeRefused, match=why):
        read_volume(path)


def test_a_small_file_that_inflates_without_end_costs_no_memory(tmp_path: Path, scan: Volume) -> None:
    path = write_raw(tmp_path / "a.nii.gz", scan)
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + bytes(64 * 1024**2)))
    with pytest.raises(VolumeRefused, match="longer than its header says"):
        read_volume(path)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-3],
        lambda content: content[: len(content) // 2],
        lambda content: content[:-6] + bytes([content[-6] ^ 1]) + content[-5:],
        lambda content: content + b"something else",
        lambda _: b"",
        lambda _: b"not a gzip file at all",
        gzip.decompress,
    ],
    ids=["cut at the end", "cut in half", "checksum", "trailing bytes", "empty", "text", "not compressed"],
)
def test_damaged_gzip_is_refused_by_name(tmp_path: Path, scan: Volume, damage: object) -> None:
    path = tmp_path / "a.nii.gz"
    write_nifti(path, scan)
    assert callable(damage)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(VolumeRefused, match=r"a\.nii\.gz cannot be read as a volume"):
        read_volume(path)


@pytest.mark.parametrize(
    "fields",
    [
        {"dim": (3, -7, 8, 9, 1, 1, 1, 1)},
        {"dim": (2, 7, 72, 1, 1, 1, 1, 1)},
        {"dim": (4, 7, 8, 3, 3, 1, 1, 1)},
        {"datatype": 128, "bitpix": 24},
        {"datatype": 32, "bitpix": 64},
        {"vox_offset": 1e30},
        {"vox_offset": 100.0},
        {"magic": b"ni1"},
        {"srow_x": (np.nan, 0, 0, 0)},
        {"srow_x": (0, 0, 0, 0)},
    ],
    ids=str,
)
def test_headers_that_make_no_sense_are_refused(tmp_path: Path, scan: Volume, fields: dict[str, object]) -> None:
    with pytest.raises(VolumeRefused):
        read_grid(write_raw(tmp_path / "a.nii.gz", scan, **fields))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ElementDataFile = LOCAL", b"ElementDataFile = /etc/hostname"),
        (b"ElementDataFile = LOCAL", b"ElementDataFile = LIST"),
        (b"BinaryData = True", b"BinaryData = False"),
        (b"MET_SHORT", b"MET_STRING"),
        (b"NDims = 3", b"NDims = 2"),
        (b"ObjectType", b"ObjectType\n"),
        (b"ElementSpacing = 0.69999999999999996", b"ElementSpacing = nan"),
    ],
)
def test_metaimages_that_point_elsewhere_or_make_no_sense_are_refused(
    tmp_path: Path, scan: Volume, old: bytes, new: bytes
) -> None:
    path = tmp_path / "a.mha"
    write_mha(path, scan)
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new, 1))
    with pytest.raises(VolumeRefused):
        read_volume(path)


def test_a_metaimage_with_damaged_voxels_is_refused(tmp_path: Path, scan: Volume) -> None:
    path = tmp_path / "a.mha"
    write_mha(path, scan)
    content = path.read_bytes()
    for damaged in (content[:-20], content[:-40] + b"abcd" + content[-36:]):
        path.write_bytes(damaged)
        with pytest.raises(VolumeRefused):
            read_volume(path)


def test_a_detached_header_may_only_name_a_file_beside_it(tmp_path: Path, scan: Volume) -> None:
    (tmp_path / "inner").mkdir()
    image = sitk.GetImageFromArray(scan.data)
    sitk.WriteImage(image, str(tmp_path / "inner" / "a.mhd"))
    header = (tmp_path / "inner" / "a.mhd").read_text()
    (tmp_path / "inner" / "a.raw").rename(tmp_path / "a.raw")
    (tmp_path / "inner" / "a.mhd").write_text(header.replace("a.raw", "../a.raw"))
    with pytest.raises(VolumeRefused):
        read_volume(tmp_path / "inner" / "a.mhd")


def test_other_files_are_refused_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(VolumeRefused, match="is not a file"):
        read_grid(tmp_path / "missing.nii.gz")
    (tmp_path / "scan.png").write_bytes(b"")
    with pytest.raises(VolumeRefused) as refused:
        read_grid(tmp_path / "scan.png")
    assert refused.value.exit_code == 3
    assert ".nii.gz" in refused.value.next_step


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 1.5])
def test_values_outside_a_range_are_refused(value: float) -> None:
    data = np.zeros((3, 3, 3), dtype=np.float32)
    data[1, 1, 1] = value
    with pytest.raises(VolumeRefused, match="The map holds"):
        require_within(Volume(data, make_grid((3, 3, 3))), 0, 1, what="The map")


def test_values_at_the_ends_of_a_range_are_accepted() -> None:
    data = np.zeros((3, 3, 3), dtype=np.float32)
    data[0, 0, 0] = 1.0
    require_within(Volume(data, make_grid((3, 3, 3))), 0, 1, what="The map")
