"""Tumours fill the gland to the size asked for and spare vessels and other organs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from evaluator.synthetic.anatomy import Anatomy, paint
from evaluator.synthetic.atlas import draw_anatomy
from evaluator.synthetic.shapes import Axes
from evaluator.synthetic.tissue import PANCREAS, VESSELS, Tissue
from evaluator.synthetic.tumour import GROUND, Tumour, cover, grow

SIZES = (3.0, 8.0, 18.0, 34.0, 50.0)
GRID: Axes = (np.arange(-60, 90, 2.0), np.arange(-60, 70, 2.0), np.arange(-75, 75, 3.0))


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return draw_anatomy(np.random.default_rng(3), size=(1.0, 1.0, 1.0), fat=20, age=65)


@pytest.fixture(scope="module")
def tumours(anatomy: Anatomy) -> dict[float, Tumour]:
    return {
        size: grow(np.random.default_rng([9, number]), anatomy=anatomy, course=0.25, diameter=size)
        for number, size in enumerate(SIZES)
    }


def test_a_tumour_reaches_its_diameter_and_stops(tumours: dict[float, Tumour]) -> None:
    for size, tumour in tumours.items():
        # One step adds at most a cell at either end.
        assert size <= tumour.diameters[-1] <= size + 2.9 * tumour.cell
        assert tumour.diameters == tuple(sorted(tumour.diameters))


def test_no_cell_stands_in_a_vessel_or_another_organ(anatomy: Anatomy, tumours: dict[float, Tumour]) -> None:
    for tumour in tumours.values():
        ground = paint(anatomy, tumour.axes)[tumour.reached > 0]
        assert not np.isin(ground, VESSELS).any()
        assert np.isin(ground, (*PANCREAS, Tissue.FAT)).all()


def test_small_tumours_stay_in_the_gland(anatomy: Anatomy, tumours: dict[float, Tumour]) -> None:
    for size in (3.0, 8.0):
        tumour = tumours[size]
        tissue = paint(anatomy, tumour.axes)
        away = ndimage.distance_transform_edt(~np.isin(tissue, PANCREAS), sampling=tumour.cell)
        assert away[tumour.reached > 0].max() <= 1.0


def test_an_earlier_state_is_part_of_a_later_one(tumours: dict[float, Tumour]) -> None:
    tumour = tumours[34.0]
    states = [tumour.at(diameter) for diameter in (5, 12, 20, 34)]
    assert [int(state.sum()) for state in states] == sorted(int(state.sum()) for state in states)
    for earlier, later in pairwise(states):
        assert not (earlier & ~later).any()
        assert later.sum() > earlier.sum()


def test_in_a_scan_a_tumour_is_one_piece_outside_vessels(anatomy: Anatomy, tumours: dict[float, Tumour]) -> None:
    tissue = paint(anatomy, GRID)
    for size, tumour in tumours.items():
        share, box = cover(tumour, diameter=size, axes=GRID, tissue=tissue)
        mask = share >= 0.5
        assert mask.any()
        assert ndimage.label(mask, structure=np.ones((3, 3, 3)))[1] == 1
        assert np.isin(tissue[box][mask], GROUND).all()
        assert not np.isin(tissue[box][mask], VESSELS).any()
        # The blur of the voxels may lose a rim; the axial width stays near what was asked for.
        i, j, _ = np.nonzero(mask)
        assert np.hypot(np.ptp(i) * 2, np.ptp(j) * 2) <= 1.5 * size + 4
        if size >= 18:
            assert max(np.ptp(i), np.ptp(j)) * 2 >= 0.6 * size


def test_the_same_numbers_grow_the_same_tumour(anatomy: Anatomy, tumours: dict[float, Tumour]) -> None:
    again = grow(np.random.default_rng([9, 1]), anatomy=anatomy, course=0.25, diameter=8.0)
    assert np.array_equal(again.reached, tumours[8.0].reached)
