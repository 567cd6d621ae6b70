from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from evaluator.errors import GridMismatch, VolumeRefused
from evaluator.records import Grid, Volume
from evaluator.volumes import read_grid, read_volume, require_same_grid, write_nifti
from tests.evaluator.volumes.files import OBLIQUE
from tests.phantoms import make_grid

WIDE = (512, 512, 800)


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


@pytest.mark.parametrize(
    ("other", "sentences"),
    [
        (make_grid((24, 24, 13)), ["Its shape is 24 × 24 × 12, expected 24 × 24 × 13."]),
        (make_grid(spacing=(1, 1, 1.5)), ["Its spacing is 1 × 1 × 1 mm, expected 1 × 1 × 1.5 mm.", "lies 5.5 mm off"]),
        (
            make_grid(spacing=(-1, -1, 1), origin=(23, 23, 0)),
            ["Its orientation is RAS, expected LPS.", "Its origin is (0, 0, 0) mm, expected (23, 23, 0) mm."],
        ),
        (make_grid(origin=(0, 0, 2.5)), ["Its origin is (0, 0, 0) mm, expected (0, 0, 2.5) mm.", "lies 2.5 mm off"]),
    ],
    ids=["shape", "spacing", "orientation", "origin"],
)
def test_the_error_names_what_differs_and_only_that(other: Grid, sentences: list[str]) -> None:
    with pytest.raises(GridMismatch) as refused:
        require_same_grid(make_grid(), other, what="The mask")
    assert all(sentence in refused.value.why for sentence in sentences)
    named = [name for name in ("shape", "spacing", "orientation", "origin") if f"Its {name}" in refused.value.why]
    assert named == [
        name for name in ("shape", "spacing", "orientation", "origin") if f"Its {name}" in " ".join(sentences)
    ]


def test_a_small_turn_is_far_off_at_the_far_corner() -> None:
    turned = np.eye(4)
    turned[:3, :3] = Rotation.from_euler("z", 0.0005, degrees=True).as_matrix()
    assert np.abs(turned - np.eye(4)).max() < 1e-5  # no entry of the affine shows it
    with pytest.raises(GridMismatch, match=r"an axis is turned by 0\.0005°\. A corner lies 0\.006306 mm off"):
        require_same_grid(Grid(WIDE, turned), Grid(WIDE, np.eye(4)), what="The mask")  # 511 √2 mm × 8.727e-6 rad


def test_a_spacing_that_adds_up_is_named() -> None:
    with pytest.raises(GridMismatch, match=r"spacing is 1\.00001 × 1 × 1 mm"):
        require_same_grid(make_grid(WIDE, (1.00001, 1, 1)), make_grid(WIDE), what="The mask")


def by_sform(path: Path, affine: NDArray[np.float64]) -> None:
    nib.Nifti1Image(np.zeros((3, 4, 5), dtype=np.uint8), affine).to_filename(path)


def by_qform(path: Path, affine: NDArray[np.float64]) -> None:
    image = nib.Nifti1Image(np.zeros((3, 4, 5), dtype=np.uint8), None)
    image.set_qform(affine, 1)
    image.to_filename(path)


def by_itk(path: Path, affine: NDArray[np.float64]) -> None:
    image = sitk.GetImageFromArray(np.zeros((5, 4, 3), dtype=np.uint8))
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    lps = np.diag([-1, -1, 1]) @ affine[:3]
    image.SetSpacing(spacing.tolist())
    image.SetDirection((lps[:, :3] / spacing).ravel().tolist())
    image.SetOrigin(lps[:, 3].tolist())
    sitk.WriteImage(image, str(path))


@pytest.mark.parametrize(
    ("write", "name"), [(by_sform, "a.nii"), (by_qform, "a.nii"), (by_itk, "a.nii"), (by_itk, "a.mha")]
)
@pytest.mark.parametrize("flip", [(1, 1, 1), (-1, -1, 1), (-1, 1, 1)])
def test_what_honest_programs_round_to_float32_is_the_same_grid(
    tmp_path: Path, write: Callable[[Path, NDArray[np.float64]], None], name: str, flip: tuple[int, int, int]
) -> None:
    """Of 512 × 512 × 800 voxels half a metre from the origin. Over 300 random turns the worst was 0.00014 mm."""
    rng = np.random.default_rng(3)
    for _ in range(10):
        turn = Rotation.from_rotvec(rng.uniform(-0.4, 0.4, 3)).as_matrix()
        if write is by_qform and flip != (1, 1, 1):
            turn = np.eye(3)  # a quaternion in float32 keeps few digits of what is almost, but not quite, a half-turn
        affine = np.eye(4)
        affine[:3, :3] = turn @ np.diag(flip) * rng.uniform(0.5, 1.5, 3)
        affine[:3, 3] = rng.uniform(-500, 500, 3)
        write(tmp_path / name, affine)
        read = read_grid(tmp_path / name)
        require_same_grid(Grid(WIDE, read.affine), Grid(WIDE, affine), what=name)
