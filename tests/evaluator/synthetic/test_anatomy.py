"""An abdomen that a radiologist would recognise, and another one for every patient."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from evaluator.synthetic.anatomy import in_patient, paint
from evaluator.synthetic.atlas import draw_anatomy
from evaluator.synthetic.shapes import Axes
from evaluator.synthetic.tissue import ORGANS, PANCREAS, VESSELS, Tissue, densities, organ_numbers

STEP = 4.0
AXES: Axes = (np.arange(-190, 190, STEP), np.arange(-140, 130, STEP), np.arange(-110, 105, STEP))


def body(seed: int, age: int = 60) -> NDArray[np.uint8]:
    anatomy = draw_anatomy(np.random.default_rng(seed), size=(1.0, 1.0, 1.0), fat=20, age=age)
    return paint(anatomy, AXES)


def centre(voxels: NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.array([axis[where].mean() for axis, where in zip(AXES, np.nonzero(voxels), strict=True)])


@pytest.fixture(scope="module")
def patients() -> list[NDArray[np.uint8]]:
    return [body(seed) for seed in range(4)]


def test_organs_have_the_volumes_of_adults(patients: list[NDArray[np.uint8]]) -> None:
    # mL, wide enough for every patient drawn: liver 1,100-1,900, spleen 90-350, kidney 100-250, pancreas 40-150.
    limits = {"liver": (900, 2000), "spleen": (80, 400), "kidney_right": (90, 280), "kidney_left": (90, 280)}
    for tissue in patients:
        volumes = np.bincount(organ_numbers()[tissue].ravel(), minlength=len(ORGANS) + 1) * STEP**3 / 1000
        found = {name: float(volumes[number]) for number, name in ORGANS.items()}
        for name, (low, high) in limits.items():
            assert low < found[name] < high, (name, found[name])
        assert 35 < found["pancreas_head"] + found["pancreas_body"] + found["pancreas_tail"] < 160
        assert all(volume > 0 for volume in found.values()), found


def test_organs_lie_where_they_should(patients: list[NDArray[np.uint8]]) -> None:
    for tissue in patients:
        head, corpus, tail = (centre(tissue == part) for part in PANCREAS)
        assert head[0] > corpus[0] > tail[0]  # right to left
        assert tail[2] > head[2]  # the tail lies higher
        assert centre(tissue == Tissue.LIVER)[0] > 0 > centre(tissue == Tissue.SPLEEN)[0]
        assert centre(tissue == Tissue.AORTA)[0] < centre(tissue == Tissue.CAVA)[0]
        assert centre(tissue == Tissue.AORTA)[1] > centre(tissue == Tissue.MARROW)[1]  # before the spine
        assert (tissue[0] == Tissue.AIR).all()


def test_no_two_patients_look_alike(patients: list[NDArray[np.uint8]]) -> None:
    for one in range(len(patients)):
        for other in range(one):
            first, second = (np.isin(patients[n], PANCREAS) for n in (one, other))
            dice = 2 * (first & second).sum() / (first.sum() + second.sum())
            assert dice < 0.85


def test_the_same_numbers_give_the_same_patient(patients: list[NDArray[np.uint8]]) -> None:
    assert np.array_equal(body(0), patients[0])


def test_a_finer_grid_shows_the_same_body() -> None:
    anatomy = draw_anatomy(np.random.default_rng(5), size=(1.05, 1.0, 0.97), fat=25, age=70)
    coarse = paint(anatomy, AXES)
    fine = paint(anatomy, (AXES[0][20:60], AXES[1][30:50], AXES[2][20:40]))
    assert (fine == coarse[20:60, 30:50, 20:40]).mean() > 0.999


def test_a_point_of_the_atlas_is_found_in_the_patient() -> None:
    anatomy = draw_anatomy(np.random.default_rng(6), size=(1.05, 1.0, 0.97), fat=25, age=40)
    curve = anatomy.pancreas.tube
    for sample in (len(curve.points) // 5, len(curve.points) // 2):
        x, y, z = in_patient(anatomy, curve.points[sample])
        tissue = paint(anatomy, (x + np.arange(-6.0, 7, 3), y + np.arange(-6.0, 7, 3), z + np.arange(-6.0, 7, 3)))
        assert np.isin(tissue, (*PANCREAS, *VESSELS)).mean() > 0.5


def test_contrast_medium_sets_the_phases_apart() -> None:
    table = {phase: densities(phase) for phase in ("non-contrast", "arterial", "pancreatic", "venous")}
    assert table["arterial"][Tissue.AORTA] > 2 * table["venous"][Tissue.AORTA] - 60
    assert table["venous"][Tissue.LIVER] > table["arterial"][Tissue.LIVER]
    assert table["pancreatic"][PANCREAS[0]] == max(values[PANCREAS[0]] for values in table.values())
