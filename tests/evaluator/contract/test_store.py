"""The sanitised store: nothing of the original but voxels and grid, written once, in random order."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from evaluator.contract import ScanStore, StoredScan
from evaluator.errors import CohortChanged
from evaluator.records import Volume
from evaluator.volumes import read_volume
from tests.tiny_cohorts import GRID


def make_scan(path: Path, value: int) -> StoredScan:
    """A scan with a name, a description and an extension that tell on it."""
    image = nib.Nifti1Image(np.full(GRID.shape, value, dtype=np.int16), GRID.affine)
    image.header["descrip"] = b"St. Elsewhere, patient 12"
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"Jane Doe"))
    nib.save(image, path)
    return StoredScan(source=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def scans(tmp_path: Path) -> list[StoredScan]:
    return [make_scan(tmp_path / f"patient{number}.nii.gz", number) for number in range(12)]


def prepare(folder: Path, scans: list[StoredScan], *, seed: int = 1, suffix: str = ".nii.gz") -> dict[str, Path]:
    return dict(ScanStore(folder, suffix=suffix).prepare(scans, rng=np.random.default_rng(seed), each=lambda: None))


def test_voxels_and_grid_are_kept_and_everything_else_is_gone(tmp_path: Path, scans: list[StoredScan]) -> None:
    stored = prepare(tmp_path / "store", scans)

    for number, scan in enumerate(scans):
        path = stored[scan.sha256]
        packed = path.read_bytes()
        assert (read_volume(path, expect=GRID).data == number).all()
        assert b"Jane" not in gzip.decompress(packed)
        assert b"Elsewhere" not in gzip.decompress(packed)
        assert packed[3] == 0  # gzip flags: no name
        assert packed[4:8] == bytes(4)  # gzip time
        assert path.stat().st_mtime == 0
        assert "patient" not in path.name


def test_metaimage_is_stored_for_the_other_contract(tmp_path: Path, scans: list[StoredScan]) -> None:
    stored = prepare(tmp_path / "store", scans[:1], suffix=".mha")

    volume = read_volume(stored[scans[0].sha256], expect=GRID)
    assert volume.data.dtype == np.int16


def test_scans_are_written_in_random_order(tmp_path: Path, scans: list[StoredScan]) -> None:
    def order(seed: int) -> list[int]:
        stored = prepare(tmp_path / str(seed), scans, seed=seed)
        times = [stored[scan.sha256].stat().st_ctime_ns for scan in scans]
        return sorted(range(len(scans)), key=times.__getitem__)

    assert order(1) != list(range(len(scans)))
    assert order(1) != order(2)


def test_what_is_stored_is_not_written_again(tmp_path: Path, scans: list[StoredScan]) -> None:
    first = prepare(tmp_path / "store", scans[:6])
    kept = {path: path.stat().st_ino for path in first.values()}

    second = prepare(tmp_path / "store", scans)

    assert {path: path.stat().st_ino for path in second.values()}.items() >= kept.items()
    assert len(second) == 12


def test_a_scan_that_is_not_the_frozen_one_is_the_hospitals_fault(tmp_path: Path, scans: list[StoredScan]) -> None:
    scans[3].source.write_bytes(scans[4].source.read_bytes())

    with pytest.raises(CohortChanged, match="patient3"):
        prepare(tmp_path / "store", scans)


def test_other_number_types_become_whole_hounsfield_units(tmp_path: Path) -> None:
    path = tmp_path / "float.nii.gz"
    data = np.zeros(GRID.shape, dtype=np.float32)
    data[:3, 0, 0] = -1000.4, 41.6, 70000.0
    nib.save(nib.Nifti1Image(data, GRID.affine), path)
    scan = StoredScan(source=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())

    stored: Volume = read_volume(prepare(tmp_path / "store", [scan])[scan.sha256])

    assert stored.data.dtype == np.int16
    assert stored.data[:3, 0, 0].tolist() == [-1000, 42, 32767]
