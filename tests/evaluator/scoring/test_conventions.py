"""The named conventions of medpy, MetricsReloaded and MONAI: their formulas, and what the programs themselves print."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from medpy.metric import binary

from evaluator.records import Grid
from tests.evaluator.scoring.plainly import Plainly
from tests.evaluator.scoring.shapes import DISTANCES, Pair, Triple, affines, pairs
from tests.phantoms import make_grid

# Sessions of MONAI 1.6.1 (torch 2.13.0+cpu) and medpy 0.5.2 with numpy 2.4.6, scipy 1.17.1, Python 3.11.7, both from
# PyPI in an environment of their own. MONAI counts in float32. (MetricsReloaded is not on PyPI: see `plainly`.)
# >>> import numpy as np, torch
# >>> from medpy.metric import binary
# >>> from monai.metrics import (compute_average_surface_distance, compute_dice, compute_hausdorff_distance,
# ...                            compute_iou, compute_surface_dice)
# >>> def score(seed, shape, spacing, density, mm):
# ...     rng = np.random.default_rng(seed)
# ...     reference, prediction = (rng.random(shape) < density for _ in range(2))
# ...     hot = [torch.from_numpy(mask[None, None]) for mask in (prediction, reference)]
# ...     like = {"include_background": True, "spacing": spacing}
# ...     print(*(f"{float(value):.9g}" for value in (
# ...         compute_dice(*hot), compute_iou(*hot), compute_hausdorff_distance(*hot, **like),
# ...         compute_hausdorff_distance(*hot, percentile=95, **like),
# ...         compute_average_surface_distance(*hot, symmetric=True, **like),
# ...         compute_surface_dice(*hot, class_thresholds=[mm], **like))))
# ...     print(*(f"{each(prediction, reference):.13g}" for each in (binary.dc, binary.jc)),
# ...           *(f"{each(prediction, reference, spacing):.13g}" for each in (binary.hd, binary.hd95, binary.assd)))
# >>> score(1, (9, 8, 7), (0.7, 0.8, 3.0), 0.5, 1.1)
# 0.521568656 0.35278514 1.61245155 1.06301463 0.370301962 0.988212168
# 0.521568627451 0.3527851458886 1.61245154966 0.8 0.3703019635193
# >>> score(2, (14, 12, 10), (1.3, 0.6, 2.5), 0.02, 2.0)
# 0.0597014911 0.0307692308 6.45368099 5.3873024 2.49657059 0.417910457
# 0.05970149253731 0.03076923076923 6.453681120105 5.420713895386 2.496570551644
# >>> score(3, (6, 20, 11), (0.5, 4.0, 1.1), 0.005, 5.0)
# 0 0 12.4535131 11.8460541 5.73945427 0.444444448
# 0 0 12.45351356044 11.30608960008 5.739454695383
# >>> score(4, (20, 18, 6), (0.6, 0.7, 4.8), 0.9, 0.65)
# 0.893606007 0.807674289 1.38924444 0.699999988 0.179169685 0.948129833
# 0.8936060056951 0.8076743097801 1.389244398945 0.7 0.1791696831684
PROGRAMS = [  # seed, shape, spacing, density, tolerance; MONAI; medpy
    (
        (1, (9, 8, 7), (0.7, 0.8, 3.0), 0.5, 1.1),
        (0.521568656, 0.35278514, 1.61245155, 1.06301463, 0.370301962, 0.988212168),
        (0.521568627451, 0.3527851458886, 1.61245154966, 0.8, 0.3703019635193),
    ),
    (
        (2, (14, 12, 10), (1.3, 0.6, 2.5), 0.02, 2.0),
        (0.0597014911, 0.0307692308, 6.45368099, 5.3873024, 2.49657059, 0.417910457),
        (0.05970149253731, 0.03076923076923, 6.453681120105, 5.420713895386, 2.496570551644),
    ),
    (
        (3, (6, 20, 11), (0.5, 4.0, 1.1), 0.005, 5.0),
        (0.0, 0.0, 12.4535131, 11.8460541, 5.73945427, 0.444444448),
        (0.0, 0.0, 12.45351356044, 11.30608960008, 5.739454695383),
    ),
    (
        (4, (20, 18, 6), (0.6, 0.7, 4.8), 0.9, 0.65),
        (0.893606007, 0.807674289, 1.38924444, 0.699999988, 0.179169685, 0.948129833),
        (0.8936060056951, 0.8076743097801, 1.389244398945, 0.7, 0.1791696831684),
    ),
]


@pytest.mark.parametrize(("drawn", "monai", "medpy"), PROGRAMS, ids=["dense", "sparse", "specks", "nearly full"])
def test_each_convention_prints_what_the_program_it_is_named_after_prints(
    drawn: tuple[int, Triple, tuple[float, float, float], float, float],
    monai: tuple[float, ...],
    medpy: tuple[float, ...],
) -> None:
    seed, shape, spacing, density, tolerance = drawn
    rng = np.random.default_rng(seed)
    reference, prediction = (rng.random(shape) < density for _ in range(2))
    pair = Pair(reference=reference, prediction=prediction, grid=make_grid(shape, spacing))
    scored = pair.score(tolerance)
    as_monai = (scored.dice, scored.iou, scored.hd, scored.hd95_max, scored.assd_pooled, scored.nsd[str(tolerance)])
    assert as_monai == pytest.approx(monai, rel=1e-6)
    as_medpy = (scored.dice, scored.iou, scored.hd, scored.hd95_pooled, scored.assd_pooled)
    assert as_medpy == pytest.approx(medpy, rel=1e-11)
    assert (Plainly(pair).hd95_max, Plainly(pair).nsd(tolerance)) == pytest.approx((monai[3], monai[5]), rel=1e-6)


@settings(max_examples=200, deadline=None)
@given(pairs())
def test_overlap_and_distances_are_medpys_on_random_masks_of_any_spacing(pair: Pair) -> None:
    scored = pair.score()
    spacing = pair.grid.spacing
    assert scored.dice == pytest.approx(binary.dc(pair.prediction, pair.reference), rel=1e-12)
    assert scored.iou == pytest.approx(binary.jc(pair.prediction, pair.reference), rel=1e-12)
    for ours, peer in ((scored.hd, binary.hd), (scored.hd95_pooled, binary.hd95), (scored.assd_pooled, binary.assd)):
        theirs = peer(pair.prediction, pair.reference, voxelspacing=spacing)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-12)


@settings(max_examples=150, deadline=None)
@given(pairs(largest=7, grids=affines()), st.floats(0.1, 20.0))
def test_every_number_is_its_formula_on_straight_oblique_and_sheared_grids(pair: Pair, tolerance: float) -> None:
    scored, plainly = pair.score(tolerance), Plainly(pair)
    assert (scored.dice, scored.iou) == pytest.approx((plainly.dice, plainly.iou), rel=1e-12)
    for name in DISTANCES:
        assert getattr(scored, name) == pytest.approx(getattr(plainly, name), rel=1e-9, abs=1e-9), name
    assert scored.nsd[str(tolerance)] == pytest.approx(plainly.nsd(tolerance), rel=1e-12)


def test_conventions_that_bear_one_name_elsewhere_have_two_here() -> None:
    # A row of 21 voxels beside its first voxel: 0, 1, … 20 mm one way, 0 the other.
    reference, prediction = (np.zeros((30, 3, 3), dtype=bool) for _ in range(2))
    reference[2:23, 1, 1] = prediction[2, 1, 1] = True
    scored = Pair(reference=reference, prediction=prediction, grid=make_grid((30, 3, 3))).score(4.0)
    assert scored.hd95_max == pytest.approx(19.0)  # place 0.95 × 20 of 0, 1, … 20
    assert scored.hd95_pooled == pytest.approx(18.95)  # place 0.95 × 21 = 19.95 of 0, 0, 1, … 20
    assert scored.assd_pooled == pytest.approx(210 / 22)
    assert scored.masd == pytest.approx((210 / 21 + 0) / 2)
    assert scored.nsd == {"4.0": 6 / 22}


def test_a_boundary_is_what_six_neighbours_see_not_twenty_six() -> None:
    # A 5 × 5 × 5 cube without one corner: the voxel diagonally inside it stays an inner one.
    whole = np.zeros((9, 9, 9), dtype=bool)
    whole[2:7, 2:7, 2:7] = True
    notched = whole.copy()
    notched[2, 2, 2] = False
    scored = Pair(reference=whole, prediction=notched, grid=Grid((9, 9, 9), np.eye(4))).score(0.5)
    # 98 boundary voxels and 97; only the corner lies off the other boundary, 1 mm.
    assert scored.nsd == {"0.5": pytest.approx(194 / 195)}
    assert scored.assd_pooled == pytest.approx(1 / 195)
    assert scored.hd == 1.0
    assert not math.isclose(scored.nsd_area["0.5"] or 0.0, 194 / 195)
