from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluator.errors import VolumeRefused
from evaluator.records import Grid
from evaluator.scoring.nearest import nearest
from evaluator.scoring.surface_area import (
    AreaDistances,
    SurfaceElements,
    corner_grid,
    surface_elements,
)
from evaluator.scoring.voxels import CHUNK, foreground, to_world, voxel_indices
from tests.phantoms import Box, Triple, make_grid, make_volume

# A session of surface-distance 0.1 (DeepMind's, from PyPI), Python 3.11.7, numpy 2.4.6, scipy 1.17.1:
# >>> import numpy as np, surface_distance
# >>> from surface_distance import lookup_tables
# >>> table = lookup_tables.create_table_neighbour_code_to_surface_area((0.7, 0.8, 3.0))
# >>> print(*(f"{area:.12g}" for area in table[1:128]))
PEER_CODES = """
0.40472984817 0.40472984817 1.59452187191 0.40472984817 1.23223374406 0.809459696341 2.41418954451 0.40472984817
0.809459696341 1.23223374406 2.41418954451 1.59452187191 2.41418954451 2.41418954451 2.4 0.40472984817 1.08669222874
0.809459696341 2.26418954451 0.809459696341 1.49418954451 1.21418954451 2.42837908902 0.809459696341 1.49142207691
1.63696359223 2.77838237908 1.99925172008 2.95952644301 2.81891939268 2.41418954451 0.40472984817 0.809459696341
1.08669222874 2.26418954451 0.809459696341 1.63696359223 1.49142207691 2.77838237908 0.809459696341 1.21418954451
1.49418954451 2.42837908902 1.99925172008 2.81891939268 2.95952644301 2.41418954451 1.59452187191 2.26418954451
2.26418954451 2.1 1.99925172008 3.03229720067 2.66891939268 2.26418954451 1.99925172008 2.66891939268 3.03229720067
2.26418954451 3.18904374382 1.99925172008 1.99925172008 1.59452187191 0.40472984817 0.809459696341 0.809459696341
1.99925172008 1.08669222874 1.49418954451 1.49142207691 2.95952644301 0.809459696341 1.21418954451 1.63696359223
2.81891939268 2.26418954451 2.42837908902 2.77838237908 2.41418954451 1.23223374406 1.49418954451 1.63696359223
3.03229720067 1.49418954451 0.56 1.89891939268 1.49418954451 1.63696359223 1.89891939268 2.46446748812 1.63696359223
3.03229720067 1.49418954451 1.63696359223 1.23223374406 0.809459696341 1.21418954451 1.49142207691 2.66891939268
1.49142207691 1.89891939268 2.17338445748 1.49142207691 1.21418954451 1.61891939268 1.89891939268 1.21418954451
2.66891939268 1.21418954451 1.49142207691 0.809459696341 2.41418954451 2.42837908902 2.77838237908 2.26418954451
2.95952644301 1.49418954451 1.49142207691 1.08669222874 2.81891939268 1.21418954451 1.63696359223 0.809459696341
1.99925172008 0.809459696341 0.809459696341 0.40472984817
"""
# >>> abs(table - table[::-1]).max()  # a pattern and its opposite: codes c and 255 - c
# 0.0
# >>> def score(seed, shape, spacing, density, tolerances):
# ...     rng = np.random.default_rng(seed)
# ...     reference, prediction = (rng.random(shape) < density for _ in range(2))
# ...     found = surface_distance.compute_surface_distances(reference, prediction, spacing)
# ...     for keys in (("surfel_areas_gt", "surfel_areas_pred"), ("distances_gt_to_pred", "distances_pred_to_gt")):
# ...         print(*(f"{found[key].sum():.13g}" for key in keys))
# ...     dice = surface_distance.compute_surface_dice_at_tolerance
# ...     print(*(f"{dice(found, mm):.13g}" for mm in tolerances))
# >>> score(1, (9, 8, 7), (0.7, 0.8, 3.0), 0.5, (0.0, 0.71, 2.9))
# 975.7047587684 944.6870788494
# 24.2 25.83848071221
# 0.9676665948575 0.9958831266915 1
# >>> score(2, (14, 12, 10), (1.3, 0.6, 2.5), 0.02, (0.9, 2.0, 4.0))
# 135.3798234125 113.5670942659
# 439.874967485 408.669587182
# 0.3548501208664 0.6431416938934 0.9668894355159
# >>> score(3, (6, 20, 11), (0.5, 4.0, 1.1), 0.005, (1.0, 5.0, 9.0))
# 48.64411577981 38.91529262385
# 380.5645802078 199.8283847527
# 0.1388888888889 0.7777777777778 0.9444444444444
#
# MONAI 1.6.1 with torch 2.13.0 on the same masks, tolerance by tolerance; it counts in float32:
# >>> hot = [torch.from_numpy(mask[None, None]) for mask in (prediction, reference)]
# >>> compute_surface_dice(*hot, class_thresholds=[mm], include_background=True, spacing=spacing, use_subvoxels=True)
SEEDED = {  # seed: shape, spacing, density, tolerances; areas; sums of distances; NSD; MONAI's NSD
    1: (
        ((9, 8, 7), (0.7, 0.8, 3.0), 0.5, (0.0, 0.71, 2.9)),
        (975.7047587684, 944.6870788494),
        (24.2, 25.83848071221),
        (0.9676665948575, 0.9958831266915, 1.0),
        (0.9676666259765625, 0.9958831071853638, 1.0),
    ),
    2: (
        ((14, 12, 10), (1.3, 0.6, 2.5), 0.02, (0.9, 2.0, 4.0)),
        (135.3798234125, 113.5670942659),
        (439.874967485, 408.669587182),
        (0.3548501208664, 0.6431416938934, 0.9668894355159),
        (0.3548501431941986, 0.6431418061256409, 0.9668894410133362),
    ),
    3: (
        ((6, 20, 11), (0.5, 4.0, 1.1), 0.005, (1.0, 5.0, 9.0)),
        (48.64411577981, 38.91529262385),
        (380.5645802078, 199.8283847527),
        (0.1388888888889, 0.7777777777778, 0.9444444444444),
        (0.1388888657093048, 0.7777778506278992, 0.944444477558136),
    ),
}


def elements(mask: NDArray[np.bool_], grid: Grid) -> SurfaceElements:
    return surface_elements(foreground(mask), grid)


def of_box(box: Box, grid: Grid) -> SurfaceElements:
    return elements(make_volume(box, grid=grid).data != 0, grid)


def area_at(found: SurfaceElements, corner: Triple) -> float:
    here = (voxel_indices(found.corners, found.grid) == corner).all(axis=1)
    return float(found.areas[here].sum())


def distances_between(reference: SurfaceElements, prediction: SurfaceElements) -> AreaDistances:
    return AreaDistances(
        reference=reference,
        prediction=prediction,
        to_prediction=nearest(reference.corners, prediction.corners, reference.grid),
        to_reference=nearest(prediction.corners, reference.corners, reference.grid),
    )


def nsd(reference: SurfaceElements, prediction: SurfaceElements, tolerance: float) -> float:
    return distances_between(reference, prediction).nsd(tolerance)


def box_area(a: int, b: int, c: int) -> float:
    """A box of unit voxels: flat corners of one face each, edge corners cut at 45°, eight small triangles."""
    flat = 2 * ((a - 1) * (b - 1) + (b - 1) * (c - 1) + (a - 1) * (c - 1))
    return flat + 4 * (a - 1 + b - 1 + c - 1) * math.sqrt(2) / 2 + 8 * math.sqrt(3) / 8


def test_one_voxel_is_an_octahedron() -> None:
    found = of_box(Box((4, 5, 6), (1, 1, 1)), make_grid(spacing=(2.0, 3.0, 6.0)))
    # Points at half a voxel from the centre on each axis: 1, 1.5, 3 mm. Each of the 8 faces has area vector
    # ½ (1.5 × 3, 1 × 3, 1 × 1.5).
    assert found.areas == pytest.approx([math.sqrt(4.5**2 + 3**2 + 1.5**2) / 2] * 8, rel=1e-12)
    assert sorted(map(tuple, to_world(voxel_indices(found.corners, found.grid), found.grid).tolist())) == [
        (x, y, z) for x in (7.0, 9.0) for y in (13.5, 16.5) for z in (33.0, 39.0)
    ]


def test_a_flat_face_has_the_area_of_its_voxels_faces() -> None:
    found = of_box(Box((4, 4, 4), (5, 4, 3)), make_grid(spacing=(0.5, 2.0, 3.0)))
    assert area_at(found, (4, 6, 5)) == area_at(found, (9, 6, 5)) == pytest.approx(2.0 * 3.0)
    assert area_at(found, (6, 4, 5)) == area_at(found, (6, 8, 5)) == pytest.approx(0.5 * 3.0)
    assert area_at(found, (6, 6, 4)) == area_at(found, (6, 6, 7)) == pytest.approx(0.5 * 2.0)


@pytest.mark.parametrize("low", [(4, 4, 4), (0, 0, 0), (19, 20, 9)])
def test_a_box_has_its_area_wherever_it_is_and_the_scans_edge_is_open(low: Triple) -> None:
    found = of_box(Box(low, (5, 4, 3)), make_grid())
    assert found.areas.sum() == pytest.approx(box_area(5, 4, 3), rel=1e-12)
    assert len(found.corners) == 6 * 5 * 4 - 4 * 3 * 2
    assert (np.diff(found.corners) > 0).all()


def test_a_scan_that_is_all_mask_is_a_box_and_one_larger_than_a_chunk_too() -> None:
    side = math.ceil(CHUNK ** (1 / 3)) + 2
    for shape in ((3, 2, 4), (1, 1, 1), (side, side, side)):
        found = elements(np.ones(shape, dtype=bool), make_grid(shape))
        assert found.areas.sum() == pytest.approx(box_area(*shape), rel=1e-12)


def test_a_plane_at_45_degrees_counts_as_the_plane_not_as_its_steps() -> None:
    grid = make_grid((20, 20, 6), (0.8, 0.8, 2.0))
    i, j, _ = np.indices(grid.shape)
    found = elements(i + j < 20, grid)
    corners = voxel_indices(found.corners, grid=found.grid)
    plane = (np.abs(corners[:, 0] + corners[:, 1] - 20) <= 1) & (corners[:, 2] == 3)
    middle = plane & (corners[:, 0] >= 5) & (corners[:, 0] < 15)  # ten steps of 0.8 by 0.8 mm, one slice
    assert found.areas[middle].sum() == pytest.approx(10 * math.hypot(0.8, 0.8) * 2.0, rel=1e-12)


def test_a_sheared_grid_has_the_areas_of_its_parallelograms() -> None:
    affine = np.eye(4)
    affine[:3, :3] = np.array([(1.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 3.0, 4.0)]).T  # axes, mm
    found = of_box(Box((4, 4, 4), (3, 3, 3)), Grid((12, 12, 12), affine))
    assert area_at(found, (4, 5, 5)) == pytest.approx(8.0)  # |(0, 2, 0) × (0, 3, 4)|
    assert area_at(found, (5, 4, 5)) == pytest.approx(5.0)  # |(1, 0, 0) × (0, 3, 4)|
    assert area_at(found, (5, 5, 4)) == pytest.approx(2.0)  # |(1, 0, 0) × (0, 2, 0)|


def test_every_pattern_of_eight_voxels_has_the_area_surface_distance_gives_it() -> None:
    weights = np.array([[[128, 64], [32, 16]], [[8, 4], [2, 1]]])  # its code of a 2×2×2
    half = [float(area) for area in PEER_CODES.split()]
    expected = [*half, *reversed(half)]
    assert len(expected) == 254
    for code, area in enumerate(expected, start=1):
        found = elements((code & weights) > 0, make_grid((2, 2, 2), (0.7, 0.8, 3.0)))
        assert area_at(found, (1, 1, 1)) == pytest.approx(area, rel=1e-11), code


@pytest.mark.parametrize("seed", SEEDED)
def test_areas_distances_and_nsd_are_those_of_surface_distance_and_monai(seed: int) -> None:
    (shape, spacing, density, tolerances), areas, distances, expected, monai = SEEDED[seed]
    rng = np.random.default_rng(seed)
    reference, prediction = (elements(rng.random(shape) < density, make_grid(shape, spacing)) for _ in range(2))
    assert (reference.areas.sum(), prediction.areas.sum()) == pytest.approx(areas, rel=1e-9)
    between = distances_between(reference, prediction)
    sums = (between.to_prediction.sum(), between.to_reference.sum())
    assert sums == pytest.approx(distances, rel=1e-9)
    ours = tuple(nsd(reference, prediction, tolerance) for tolerance in tolerances)
    assert ours == pytest.approx(expected, rel=1e-9)
    assert ours == pytest.approx(monai, rel=1e-6)


def test_nsd_weighs_each_element_by_its_area() -> None:
    grid = make_grid()
    reference, prediction = (of_box(Box((4, 4, 4), (length, 1, 1)), grid) for length in (3, 1))
    # The row of three: triangles (√3/8) at its 8 outer corners, √2/2 at the 8 between; the voxel has 8 triangles.
    ends, between = math.sqrt(3) / 2, 2 * math.sqrt(2)
    total = 2 * ends + 2 * between + 2 * ends
    assert nsd(reference, prediction, 0.0) == pytest.approx((ends + between + 2 * ends) / total, rel=1e-12)
    assert nsd(reference, prediction, 1.0) == pytest.approx((ends + 2 * between + 2 * ends) / total, rel=1e-12)
    assert nsd(reference, prediction, 2.0) == nsd(reference, reference, 0.0) == 1.0


def test_a_tolerance_of_two_voxels_is_met_whatever_the_headers_rounding() -> None:
    for size in (float(np.float32(0.7)), 0.7000003):
        grid = make_grid(spacing=(size, 1.0, 1.0))
        ours, theirs = (of_box(Box((low, 4, 4), (1, 1, 1)), grid) for low in (4, 7))
        assert nsd(ours, theirs, 1.4) == 0.5  # the near sides are two voxels apart, the far sides three
        assert nsd(ours, theirs, 1.399) == 0.0


def test_nothing_has_no_surface() -> None:
    found = elements(np.zeros((4, 5, 6), dtype=bool), make_grid((4, 5, 6)))
    assert (len(found.corners), len(found.areas), found.grid.shape) == (0, 0, (5, 6, 7))


def test_two_specks_at_the_ends_of_the_largest_scan_cost_lines_not_voxels() -> None:
    grid = make_grid((512, 512, 4096))
    mask = np.array([0, 2**30 - 1], dtype=np.int32)
    tracemalloc.start()
    try:
        found = surface_elements(mask, grid)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found.areas.sum() == pytest.approx(2 * math.sqrt(3), rel=1e-12)
    assert peak < 16 * 513 * 4097  # bytes; the scan is thirty times that


def test_a_grid_whose_corners_outgrow_32_bits_is_refused() -> None:
    with pytest.raises(VolumeRefused, match="surface area"):
        corner_grid(Grid((1, 2**15, 2**15), np.eye(4)))


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.integers(1, 6)] * 3),
    st.floats(0.05, 0.95),
    st.integers(0, 2**32),
    st.permutations(range(3)),
    st.tuples(*[st.booleans()] * 3),
)
def test_the_order_and_direction_of_the_axes_change_nothing_even_under_shear(
    shape: Triple, share: float, seed: int, order: list[int], flips: Triple
) -> None:
    rng = np.random.default_rng(seed)
    masks = [rng.random(shape) < share for _ in range(2)]
    for mask in masks:
        mask.flat[rng.integers(mask.size)] = True
    affine = np.eye(4)
    affine[:3, :3] = np.diag(rng.uniform(0.5, 3, 3)) + rng.uniform(-0.2, 0.2, (3, 3))
    turned = [np.flip(mask.transpose(order), tuple(axis for axis in range(3) if flips[axis])) for mask in masks]
    other = affine[:, [*order, 3]] * np.array([*(-1 if flip else 1 for flip in flips), 1])
    straight = [elements(mask, Grid(shape, affine)) for mask in masks]
    again = [elements(mask, Grid((mask.shape[0], mask.shape[1], mask.shape[2]), other)) for mask in turned]
    for before, after in zip(straight, again, strict=True):
        assert np.sort(after.areas) == pytest.approx(np.sort(before.areas), rel=1e-9)
    tolerance = float(rng.uniform(0, 4))
    value = nsd(straight[0], straight[1], tolerance)
    assert nsd(again[0], again[1], tolerance) == pytest.approx(value, rel=1e-9)
    assert nsd(straight[1], straight[0], tolerance) == value
