"""A scan that is in a training set is found again however it was stored or worked over, and no other patient is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from evaluator import results
from evaluator.cohort import How, PrintList, overlap, print_folder, read_prints
from evaluator.cohort.prints import SCHEMA, block_ranks, blocks_of, print_scan
from evaluator.errors import InputRefused
from evaluator.records import Grid, Volume
from evaluator.volumes import write_mha, write_nifti
from tests.evaluator.cli.shell import call
from tests.tiny_cohorts import write_tiny_cohort

SHAPE = (48, 40, 32)
Voxels = NDArray[np.generic]


def body(seed: int) -> NDArray[np.int16]:
    """Air around an ellipse of soft tissue whose organs lie elsewhere in every patient."""
    rng = np.random.default_rng(seed)
    organs = ndimage.gaussian_filter(rng.normal(size=SHAPE), 3)
    i, j, _ = np.meshgrid(*(np.linspace(-1, 1, side) for side in SHAPE), indexing="ij")
    inside = i**2 + j**2 < 0.9
    noise = rng.normal(0, 5, SHAPE)
    return np.where(inside, 40 + 60 * organs / organs.std() + noise, -1000).astype(np.int16)


def save(path: Path, data: Voxels, affine: NDArray[np.float64] | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    grid = Grid(data.shape, np.diag([1.0, 1.0, 2.0, 1.0]) if affine is None else affine)
    volume = Volume(np.asfortranarray(data), grid)
    (write_mha if path.suffix == ".mha" else write_nifti)(path, volume)
    return path


def prints(name: str, *scans: Path) -> PrintList:
    return PrintList(schema=SCHEMA, name=name, scans=tuple(print_scan(path, name=path.name) for path in scans))


def turned(data: Voxels) -> tuple[Voxels, NDArray[np.float64]]:
    """The same patient stored head first with the axes in another order, and the affine that says so."""
    stored = np.transpose(data, (2, 0, 1))[::-1]
    affine = np.zeros((4, 4))
    affine[2, 0], affine[2, 3] = -2.0, 2.0 * (data.shape[2] - 1)
    affine[0, 1] = affine[1, 2] = affine[3, 3] = 1.0
    return stored, affine


def test_the_same_file_and_the_same_image_stored_otherwise_are_found(tmp_path: Path) -> None:
    data = body(1)
    mine = save(tmp_path / "mine" / "a.nii.gz", data)
    copy = tmp_path / "copy.nii.gz"
    copy.write_bytes(mine.read_bytes())
    stored, affine = turned(data)
    others = {
        copy.name: How.FILE,
        save(tmp_path / "plain.nii", data).name: How.IMAGE,
        save(tmp_path / "float.nii.gz", data.astype(np.float32)).name: How.IMAGE,
        save(tmp_path / "meta.mha", data).name: How.IMAGE,
        save(tmp_path / "turned.nii.gz", stored, affine).name: How.IMAGE,
    }
    found = overlap(prints("mine", mine), prints("set", *(tmp_path / name for name in others)))
    assert {match.scan: match.how for match in found.matches} == others
    assert found.matches[0].how is How.FILE
    assert {match.agreement for match in found.matches} == {1.0}


@pytest.mark.parametrize(
    "work",
    [
        lambda data: data + np.random.default_rng(0).normal(0, 20, data.shape),
        lambda data: ndimage.gaussian_filter(data, 0.8),
        lambda data: np.round((np.clip(data, -160, 240) + 160) / 400 * 255) / 255 * 400 - 160,
        lambda data: ndimage.zoom(data, (0.7, 0.7, 1.0), order=1),
        lambda data: data[:, :, 1:],
        lambda data: data[::-1],  # the header lost its directions
    ],
    ids=["noise", "smoothed", "eight bits", "resampled", "a slice less", "mirrored"],
)
def test_what_was_worked_over_looks_alike(tmp_path: Path, work: Callable[[Voxels], Voxels]) -> None:
    mine = save(tmp_path / "mine.nii.gz", body(1))
    worked = save(tmp_path / "worked.nii.gz", np.rint(work(body(1).astype(np.float64))).astype(np.int16))
    (match,) = overlap(prints("mine", mine), prints("set", worked)).matches
    assert match.how is How.ALIKE
    assert 0.8 <= match.agreement <= 1


def test_no_two_patients_are_taken_for_one(tmp_path: Path) -> None:
    scans = [save(tmp_path / f"{seed}.nii.gz", body(seed)) for seed in range(12)]
    found = overlap(prints("mine", *scans[:6]), prints("set", *scans[6:]))
    assert found.matches == ()
    assert (found.cases, found.scans) == (6, 6)
    lowest = overlap(prints("mine", *scans[:6]), prints("set", *scans[6:]), least=0.0).matches
    assert max(match.agreement for match in lowest) < 0.7


def test_a_scan_in_which_nothing_differs_looks_like_none(tmp_path: Path) -> None:
    flat = save(tmp_path / "flat.nii.gz", np.full(SHAPE, -1000, dtype=np.int16))
    other = save(tmp_path / "other.nii.gz", np.full((10, 10, 10), -900, dtype=np.int16))
    assert print_scan(flat, name="flat").blocks is None
    assert overlap(prints("mine", flat), prints("set", other)).matches == ()


def test_ranks_of_blocks_are_counted_by_hand() -> None:
    # Eight planes of 0, 10, … 70 HU: each block of a plane shares the middle rank of its 64 of 512 blocks.
    data = np.repeat(np.arange(8) * 10, 2)[:, None, None] * np.ones((1, 16, 16))
    ranks = block_ranks(data.astype(np.int16))
    assert ranks is not None
    expected = np.round(255 * (64 * np.arange(8) + 31.5) / 511).astype(int)
    assert ranks[:, 0, 0].tolist() == expected.tolist()
    assert (ranks == ranks[:, :1, :1]).all()


def test_thin_scans_have_blocks_too(tmp_path: Path) -> None:
    thin = print_scan(save(tmp_path / "thin.nii.gz", body(1)[:, :, 10:15]), name="thin")
    blocks = blocks_of(thin)
    assert blocks is not None
    assert blocks.shape == (8, 8, 8)


def test_a_list_comes_back_as_it_was_and_holds_no_image(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    save(folder / "a" / "one.nii.gz", body(1))
    save(folder / "two.mha", body(2))
    (folder / "readme.txt").write_text("not a scan")
    found = print_folder(folder, name="Public set")
    assert [scan.name for scan in found.scans] == ["a/one.nii.gz", "two.mha"]
    results.write(tmp_path / "set.json", found)
    assert read_prints(tmp_path / "set.json") == found
    assert (tmp_path / "set.json").stat().st_size < 2 * 1200


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"schema": "scan-prints/1", "name": "", "scans": [{"name": "a", "file": "", "voxels": "", "blocks": "AA=="}]}',
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "set.json"
    path.write_text(text)
    with pytest.raises(InputRefused, match="is not a list of fingerprints"):
        read_prints(path)
    with pytest.raises(InputRefused, match="No volume is below"):
        print_folder(tmp_path, name="empty")


def test_a_folder_with_a_broken_volume_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "bad.nii.gz").write_bytes(b"no volume")
    with pytest.raises(InputRefused, match=r"bad\.nii\.gz cannot be fingerprinted"):
        print_folder(tmp_path, name="bad")


def test_the_commands_find_a_case_that_a_training_set_holds(tmp_path: Path) -> None:
    cohort = tmp_path / "cohort"
    write_tiny_cohort(cohort, cases=4)
    training = tmp_path / "training"
    training.mkdir()
    (training / "0001.nii.gz").write_bytes((cohort / "images" / "case02" / "ct.nii.gz").read_bytes())
    made = call("cohort", "prints", training, "--out", tmp_path / "prints.json", "--name", "Public")
    assert made.code == 0, made.err
    called = call("cohort", "overlap", cohort, tmp_path / "prints.json", "--least", "1", "--json")
    assert called.code == 0, called.err
    (told,) = json.loads(called.out)["overlaps"]
    assert (told["other"], told["scans"], told["cases"]) == ("Public", 1, 4)
    exact = [match for match in told["matches"] if match["how"] != "looks alike"]
    assert exact == [{"case": "case02", "scan": "0001.nii.gz", "how": "same file", "agreement": 1.0}]
    shown = call("cohort", "overlap", cohort, tmp_path / "prints.json")
    assert "1 of 4 cases are in it" in shown.out
