from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from evaluator.errors import VolumeRefused
from evaluator.records import Volume
from evaluator.volumes import LARGEST_VOXELS, read_grid, read_volume, require_within, write_mha, write_nifti
from tests.evaluator.volumes.files import write_raw
from tests.phantoms import make_grid


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


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_map_read_with_a_voxel_that_is_no_number_is_refused(tmp_path: Path, value: float) -> None:
    data = np.zeros((3, 3, 3), dtype=np.float32)
    data[2, 1, 0] = value
    write_nifti(tmp_path / "a.nii.gz", Volume(data, make_grid((3, 3, 3))))
    with pytest.raises(VolumeRefused, match="holds NaN or infinity"):
        require_within(read_volume(tmp_path / "a.nii.gz"), 0, 1, what="The map")
