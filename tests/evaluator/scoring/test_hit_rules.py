"""The named rules at their limits, and `picai` as picai_eval itself has it."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.errors import UsageError
from evaluator.records import Grid, Volume
from evaluator.scoring.contacts import find_contacts
from evaluator.scoring.hit_rules import get_hit_rule
from evaluator.scoring.matching import Matches, match
from evaluator.scoring.objects import Objects, labelled
from tests.phantoms import Box, make_grid, make_volume

Ranges = list[tuple[int, int]]


def on_a_line(ranges: Ranges, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Objects:
    """An object for each range of voxels ``first`` to ``stop - 1`` of one row."""
    grid = make_grid((240, 3, 3), spacing=spacing)
    return labelled(make_volume(*[Box((low, 1, 1), (high - low, 1, 1)) for low, high in ranges], grid=grid))


def paired(lesions: Ranges, findings: Ranges, rule: str) -> Matches:
    return match(on_a_line(lesions), on_a_line(findings), rule=get_hit_rule(rule))


@pytest.mark.parametrize(
    ("threshold", "shared", "union"),
    [("0.1", 2, 20), ("0.3", 3, 10), ("0.7", 7, 10), ("0.35", 7, 20), ("0.29", 29, 100), ("0.000001", 1, 1_000_000)],
)
def test_an_iou_exactly_at_the_threshold_is_a_hit_and_a_voxel_less_is_none(
    threshold: str, shared: int, union: int
) -> None:
    rule = get_hit_rule(f"iou>={threshold}")
    for voxels, hit in ((union, True), (union + 1, False)):
        grid = make_grid((1000, 1001, 1))
        lesion = Objects(grid=grid, flat=np.arange(voxels, dtype=np.int32), owner=np.zeros(voxels, np.int32), ids=(1,))
        finding = Objects(grid=grid, flat=lesion.flat[:shared], owner=lesion.owner[:shared], ids=(1,))
        assert (match(lesion, finding, rule=rule).finding_of == {1: 1}) is hit


@pytest.mark.parametrize(("threshold", "shared", "total"), [("0.1", 1, 20), ("0.3", 3, 20), ("0.7", 7, 20)])
def test_a_dice_exactly_at_the_threshold_is_a_hit_and_a_voxel_more_is_none(
    threshold: str, shared: int, total: int
) -> None:
    half = total // 2
    for more, hit in ((0, True), (1, False)):
        matches = paired([(50, 50 + half)], [(50 + half - shared, 50 + total - shared + more)], f"dice>={threshold}")
        assert (matches.finding_of == {1: 1}) is hit


@pytest.mark.parametrize("spacing", [0.8, 0.7, 1.0 / 3.0])
def test_a_headers_float32_does_not_decide_a_centre_at_the_limit(spacing: float) -> None:
    stored = float(np.float32(spacing))  # 0.8 is stored as 0.800000012
    lesion, finding = on_a_line([(10, 11)], (stored, 1.0, 1.0)), on_a_line([(20, 21)], (stored, 1.0, 1.0))
    assert match(lesion, finding, rule=get_hit_rule(f"centre<={10 * spacing:.6f}")).finding_of == {1: 1}
    assert match(lesion, finding, rule=get_hit_rule(f"centre<={10 * spacing - 0.001:.6f}")).finding_of == {}


def test_a_centre_is_in_a_lesion_dilated_by_nothing_wherever_the_scan_lies() -> None:
    grid = make_grid(spacing=(0.7, 0.7, 1.3), origin=(-171.3, 93.7, -1204.9))
    voxel = labelled(make_volume(Box((7, 11, 5), (1, 1, 1)), grid=grid))
    assert match(voxel, voxel, rule=get_hit_rule("centre<=0")).finding_of == {1: 1}


def test_centres_are_measured_on_oblique_and_sheared_grids_as_the_affine_says() -> None:
    # Against every voxel's distance, computed one by one, on grids without right angles.
    rng = np.random.default_rng(3)
    compared = 0
    for _ in range(40):
        affine = np.eye(4)
        affine[:3, :3] = np.diag(rng.uniform(0.5, 3, 3)) + rng.uniform(-0.8, 0.8, (3, 3))
        affine[:3, 3] = rng.uniform(-300, 300, 3)
        grid = Grid((14, 11, 9), affine)
        lesions, findings = (scattered(grid, rng) for _ in range(2))
        reach = float(rng.uniform(0, 6))
        contacts = find_contacts(lesions, findings, reach_mm=reach)
        near = np.zeros((len(lesions.ids), len(findings.ids)), dtype=bool)
        near[contacts.lesion, contacts.finding] = contacts.near
        for row, column in np.ndindex(near.shape):
            voxels = np.stack(np.unravel_index(lesions.flat[lesions.owner == row], grid.shape, "F"), axis=1)
            points = voxels @ affine[:3, :3].T + affine[:3, 3]
            distance = np.linalg.norm(points - findings.centres_mm[column], axis=1).min()
            assert near[row, column] == (distance <= reach)
            compared += 1
    assert compared > 500


def scattered(grid: Grid, rng: np.random.Generator) -> Objects:
    """Specks and bars along the first axis, each label an object."""
    data = np.where(rng.random(grid.shape) < 0.005, rng.integers(1, 4, grid.shape), 0)
    for label in range(4, 9):
        j, k = rng.integers(0, grid.shape[1:])
        data[2 : rng.integers(4, 13), j, k] = label
    return labelled(Volume(data, grid))


def test_a_giant_lesion_beside_hundreds_of_centres_is_measured_in_portions() -> None:
    grid = make_grid((20, 200, 40))
    slab = labelled(make_volume(Box((0, 0, 0), (20, 200, 12)), grid=grid))  # 200 rows in each of 12 slices
    specks = [Box((2 * i, 2 * j, 18), (1, 1, 1)) for i in range(10) for j in range(100)]  # 7 mm from the last slice
    found = labelled(make_volume(*specks, grid=grid))
    assert find_contacts(slab, found, reach_mm=15.0).near.sum() == 1000  # 1.8 million distances
    assert find_contacts(slab, found, reach_mm=7.0).near.sum() == 1000
    assert find_contacts(slab, found, reach_mm=6.9).near.sum() == 0


# What follows was said by picai_eval 1.4.13 (pip install picai-eval==1.4.13 report-guided-annotation==0.3.4):
#
#   >>> import numpy as np
#   >>> from picai_eval.eval import evaluate_case
#   >>> def row(*ranges):
#   ...     data = np.zeros((3, 3, 240), "float32")
#   ...     for low, high, value in ranges: data[1, 1, low:high] = value
#   ...     return data
#   >>> lesions = [(40 + 41 * n, 80 + 41 * n, 1) for n in range(4)]
#   >>> findings = [(8 + 41 * n, 48 + 41 * n, (n + 1) / 8) for n in range(4)]
#   >>> evaluate_case(row(*findings[:3]), row(*lesions[:3]).astype("int32"))[0]
#   [(1, 0.125, 0.1111), (1, 0.25, 0.1111), (1, 0.375, 0.1111)]
#   >>> evaluate_case(row(*findings), row(*lesions).astype("int32"))[0]
#   [(1, 0.25, 0.6327), (1, 0.375, 0.6327), (1, 0.5, 0.6327), (1, 0.0, 0.0)]
#   >>> evaluate_case(row((20, 31, 0.5)), row((11, 22, 1)).astype("int32"))[0]
#   [(1, 0.5, 0.1000)]
#   >>> evaluate_case(row((21, 32, 0.5)), row((11, 22, 1)).astype("int32"))[0]
#   [(1, 0.0, 0.0), (0, 0.5, 0.0)]
#   >>> evaluate_case(row((8, 12, 0.5), (13, 20, 0.25), (40, 41, 0.75)), row((8, 20, 1)).astype("int32"))[0]
#   [(1, 0.25, 0.5833), (0, 0.75, 0.0)]
#
# Each is (is a lesion, confidence, overlap, here to 4 digits); confidence 0 is a lesion missed. In the chains each
# finding covers the end of one lesion and the start of the next. 400 random scenes came out alike there and here.
CHAIN_LESIONS = [(40 + 41 * n, 80 + 41 * n) for n in range(4)]
CHAIN_FINDINGS = [(8 + 41 * n, 48 + 41 * n) for n in range(4)]


def test_picai_takes_three_poor_hits_before_two_good_ones_as_picai_eval_does() -> None:
    assert paired(CHAIN_LESIONS[:3], CHAIN_FINDINGS[:3], "picai").finding_of == {1: 1, 2: 2, 3: 3}


def test_picai_takes_three_good_hits_before_four_poor_ones_as_picai_eval_does() -> None:
    matches = paired(CHAIN_LESIONS, CHAIN_FINDINGS, "picai")
    assert matches.finding_of == {1: 2, 2: 3, 3: 4}
    assert matches.ignored == {1}
    # Every other rule takes the most hits, whatever the overlap.
    assert paired(CHAIN_LESIONS, CHAIN_FINDINGS, "iou>=0.1").finding_of == {1: 1, 2: 2, 3: 3, 4: 4}


@pytest.mark.parametrize(("finding", "hit"), [((20, 31), True), ((21, 32), False)])
def test_picai_hits_from_an_iou_of_exactly_a_tenth_as_picai_eval_does(finding: tuple[int, int], hit: bool) -> None:
    matches = paired([(11, 22)], [finding], "picai")
    assert (matches.finding_of, matches.ignored) == ({1: 1} if hit else {}, frozenset())


def test_picai_ignores_a_second_finding_on_a_lesion_and_counts_one_elsewhere_as_picai_eval_does() -> None:
    matches = paired([(8, 20)], [(8, 12), (13, 20), (40, 41)], "picai")
    assert matches.finding_of == {1: 2}
    assert matches.ignored == {1}
    assert paired([(8, 20)], [(8, 12), (13, 20), (40, 41)], "iou>=0.1").ignored == frozenset()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "hit/2",
        "iou",
        "iou>=0",
        "iou>=1.1",
        "iou>=x",
        "iou>=0.1234567",
        "centre<=-1",
        "dice>0.5",
        "IOU>=0.1",
        "picai ",
    ],
)
def test_an_unknown_rule_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        get_hit_rule(name)
    assert "hit/1, any-overlap, iou>=T, dice>=T, centre<=MM, picai" in refused.value.why
    assert refused.value.exit_code == 2
