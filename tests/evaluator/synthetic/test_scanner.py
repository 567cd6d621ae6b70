"""The same patient looks different at every hospital, by what the hospital's scanner is said to do."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.synthetic.anatomy import paint
from evaluator.synthetic.atlas import draw_anatomy
from evaluator.synthetic.hospitals import HARBOUR, HILLCREST, LAKESIDE, NAMED, NORTHGATE, Hospital
from evaluator.synthetic.scanner import Shadow, expose, scan_axes, to_volume
from evaluator.synthetic.shapes import Axes
from evaluator.synthetic.tissue import Tissue


@cache
def scan(hospital: Hospital) -> tuple[NDArray[np.int16], NDArray[np.uint8], Axes]:
    anatomy = draw_anatomy(np.random.default_rng(1), size=(1.0, 1.0, 1.0), fat=20, age=60)
    whole = scan_axes(np.random.default_rng(2), hospital=hospital, size=(1.0, 1.0, 1.0), fat=20)
    axes = (whole[0], whole[1], whole[2][len(whole[2]) // 2 :][:5])  # a slab through the liver
    tissue = paint(anatomy, axes)
    image = expose(np.random.default_rng(3), hospital=hospital, phase="venous", tissue=tissue, axes=axes, shadows=())
    return image, tissue, axes


@pytest.fixture(scope="module")
def livers() -> dict[str, NDArray[np.float64]]:
    found = {}
    for hospital in NAMED:
        image, tissue, _ = scan(hospital)
        found[hospital.slug] = image[tissue == Tissue.LIVER].astype(np.float64)
    return found


def test_noise_and_offset_are_the_hospitals_own(livers: dict[str, NDArray[np.float64]]) -> None:
    for hospital in NAMED:
        assert 0.6 * hospital.noise_hu < livers[hospital.slug].std() < 1.3 * hospital.noise_hu + 4
    assert livers["hillcrest"].std() > 1.4 * livers["northgate"].std()
    assert livers["lakeside"].mean() - livers["hillcrest"].mean() > 10  # offsets are 21 HU apart


def test_kernels_leave_noise_of_different_grain() -> None:
    def grain(hospital: Hospital) -> float:
        image, tissue, _ = scan(hospital)
        flat = np.where(tissue == Tissue.LIVER, image.astype(np.float64), np.nan)
        rough = np.nanmean(np.diff(flat, axis=0) ** 2)
        return float(rough / np.nanvar(flat))

    assert grain(HARBOUR) > 1.15 * grain(LAKESIDE)


def test_grids_differ_in_spacing_and_orientation() -> None:
    spacings, directions = set(), set()
    for hospital in NAMED:
        image, _, axes = scan(hospital)
        volume = to_volume(image, axes, flips=hospital.flips, shift=np.zeros(3))
        assert volume.grid.spacing == pytest.approx((*hospital.spacing_mm, hospital.slice_mm))
        spacings.add(volume.grid.spacing)
        directions.add(tuple(np.sign(np.diag(volume.grid.affine)[:3])))
    assert len(spacings) == 4
    assert len(directions) == 3


def test_orientation_does_not_move_the_patient() -> None:
    image, tissue, axes = scan(NORTHGATE)
    aorta = np.argwhere(tissue == Tissue.AORTA).mean(axis=0)
    expected = [np.interp(index, range(len(axis)), axis) for index, axis in zip(aorta, axes, strict=True)]
    for hospital in (NORTHGATE, HARBOUR, HILLCREST):
        volume = to_volume(tissue, axes, flips=hospital.flips, shift=np.zeros(3))
        index = np.argwhere(volume.data == Tissue.AORTA).mean(axis=0)
        assert volume.grid.affine @ np.append(index, 1) == pytest.approx([*expected, 1], abs=0.01)
    assert image.dtype == np.int16


def test_a_tumour_is_darker_than_the_pancreas_and_fainter_when_small() -> None:
    size = 20
    across, along = np.arange(-20.0, 20.0, 2.0), np.arange(-30.0, 30.0, 3.0)
    axes = (across, across, along)
    tissue = np.full((size,) * 3, Tissue.PANCREAS_HEAD, dtype=np.uint8)
    share = np.zeros((8, 8, 4), dtype=np.float32)
    share[1:7, 1:7, 1:3] = 1
    box = (slice(6, 14), slice(6, 14), slice(8, 12))

    def depth(diameter: float, phase: str) -> float:
        shadow = Shadow(share=share, box=box, diameter_mm=diameter)
        rng = np.random.default_rng(4)
        image = expose(rng, hospital=NORTHGATE, phase=phase, tissue=tissue, axes=axes, shadows=[shadow])
        inside = image[8:12, 8:12, 9:11].mean()
        outside = np.concatenate([image[:4].ravel(), image[-4:].ravel()]).mean()
        return float(outside - inside)

    assert 30 < depth(25, "venous") < 60
    assert depth(25, "pancreatic") > depth(25, "venous") > depth(6, "venous") > 5
    assert abs(depth(25, "non-contrast")) < 15
