from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.records import Grid, Volume
from evaluator.scoring.hit_rules import get_hit_rule
from evaluator.scoring.matching import Matches, match
from evaluator.scoring.objects import Objects, labelled
from tests.phantoms import Box, make_grid, make_volume


def pair(lesions: list[Box], findings: list[Box], rule: str = "hit/1", grid: Grid | None = None) -> Matches:
    """Boxes keep their values as identifiers, so that two may touch."""
    ours, theirs = (as_objects(boxes, grid or make_grid()) for boxes in (lesions, findings))
    return match(ours, theirs, rule=get_hit_rule(rule))


def as_objects(boxes: list[Box], grid: Grid) -> Objects:
    far = Box((grid.shape[0] - 1, grid.shape[1] - 1, grid.shape[2] - 1), (1, 1, 1), 99)  # two labels: instances
    return labelled(make_volume(*boxes, far, grid=grid))


def hits(matches: Matches) -> dict[int, int]:
    return {lesion: finding for lesion, finding in matches.finding_of.items() if lesion != 99}


def test_a_finding_on_a_lesion_hits_it() -> None:
    assert hits(pair([Box((4, 4, 4), (4, 4, 4))], [Box((5, 4, 4), (4, 4, 4))])) == {1: 1}


def test_a_finding_elsewhere_hits_nothing() -> None:
    assert hits(pair([Box((2, 2, 2), (3, 3, 3))], [Box((15, 15, 2), (3, 3, 3))])) == {}


def test_a_second_finding_on_a_lesion_is_left_over_and_the_better_outline_wins() -> None:
    findings = [Box((4, 4, 4), (2, 4, 4), 1), Box((6, 4, 4), (3, 4, 4), 2)]
    assert hits(pair([Box((4, 4, 4), (5, 4, 4))], findings)) == {1: 2}


def test_a_lesion_split_into_pieces_is_hit_once() -> None:
    pieces = [Box((4 + 2 * step, 4, 4), (1, 4, 4), step + 1) for step in range(3)]
    assert len(hits(pair([Box((4, 4, 4), (5, 4, 4))], pieces, "any-overlap"))) == 1


def test_a_finding_that_bridges_two_lesions_hits_one() -> None:
    lesions = [Box((4, 4, 4), (3, 3, 3), 1), Box((9, 4, 4), (4, 3, 3), 2)]
    assert hits(pair(lesions, [Box((4, 4, 4), (9, 3, 3))])) == {2: 1}


def test_a_finding_within_two_lesions_leaves_each_a_chance() -> None:
    # The first finding fits either lesion, better the second; the second finding fits only the second lesion.
    lesions = [Box((4, 4, 4), (4, 4, 4), 1), Box((8, 4, 4), (8, 4, 4), 2)]
    findings = [Box((6, 4, 4), (6, 4, 4), 1), Box((12, 4, 4), (2, 4, 4), 2)]
    assert hits(pair(lesions, findings, "iou>=0.10")) == {1: 1, 2: 2}
    assert hits(pair(lesions, findings[:1], "iou>=0.10")) == {2: 1}


def test_a_finding_that_fills_the_scan_hits_nothing() -> None:
    grid = make_grid((24, 24, 12), spacing=(2.0, 2.0, 2.0))
    lesion = Box((10, 10, 4), (4, 4, 4))  # 0.512 mL; the finding is 55 mL with its centre in the lesion
    everything = Box((0, 0, 0), (24, 24, 12))
    assert hits(pair([lesion], [everything], grid=grid)) == {}
    assert hits(pair([lesion], [everything], "any-overlap", grid=grid)) == {1: 1}


@pytest.mark.parametrize(("length", "hit"), [(10, True), (11, False)])
def test_a_finding_may_be_ten_times_a_lesion_above_4_ml(length: int, hit: bool) -> None:
    grid = make_grid((24, 12, 12), spacing=(10.0, 10.0, 10.0))
    lesion = Box((6, 5, 5), (1, 1, 1))  # 1 mL of 10 × 10 × 10 mm
    assert hits(pair([lesion], [Box((2, 5, 5), (length, 1, 1))], grid=grid)) == ({1: 1} if hit else {})


@pytest.mark.parametrize(("size", "hit"), [((4, 4, 250), True), ((4, 4, 251), False)])
def test_a_finding_may_be_4_ml_however_small_the_lesion(size: tuple[int, int, int], hit: bool) -> None:
    grid = make_grid((10, 10, 300))
    low = 140 - size[2] // 2  # centred on the one-voxel lesion: 4,000 voxels are 4 mL
    assert hits(pair([Box((4, 4, 140), (1, 1, 1))], [Box((3, 3, low), size)], grid=grid)) == ({1: 1} if hit else {})


@pytest.mark.parametrize(("shared", "hit"), [(2, True), (1, False)])
def test_an_iou_of_exactly_a_tenth_is_a_hit(shared: int, hit: bool) -> None:
    # Rows of 11 voxels that share 2 of 20, or 1 of 21; centres are 9 or 10 mm apart, lesion and centre 4 or 5 mm.
    grid = make_grid((40, 12, 12), spacing=(3.0, 1.0, 1.0))
    lesion, finding = Box((2, 5, 5), (11, 1, 1)), Box((13 - shared, 5, 5), (11, 1, 1))
    assert hits(pair([lesion], [finding], grid=grid)) == ({1: 1} if hit else {})
    assert hits(pair([lesion], [finding], "iou>=0.1", grid=grid)) == ({1: 1} if hit else {})


def test_a_dice_of_exactly_the_threshold_is_a_hit() -> None:
    lesion, finding = Box((2, 5, 5), (4, 1, 1)), Box((5, 5, 5), (4, 1, 1))  # 2 × 1 of 8
    assert hits(pair([lesion], [finding], "dice>=0.25")) == {1: 1}
    assert hits(pair([lesion], [finding], "dice>=0.26")) == {}


@pytest.mark.parametrize(("away", "hit"), [(5, True), (6, False)])
def test_a_centre_5_mm_from_a_lesion_is_a_hit(away: int, hit: bool) -> None:
    lesion, finding = Box((4, 4, 4), (3, 1, 1)), Box((6 + away, 4, 4), (1, 1, 1))
    assert hits(pair([lesion], [finding])) == ({1: 1} if hit else {})
    assert hits(pair([lesion], [finding], f"centre<={away - 1}")) == {}


def test_centre_distances_are_millimetres_along_each_axis() -> None:
    grid = make_grid(spacing=(1.0, 1.0, 4.0))
    assert hits(pair([Box((4, 4, 4), (1, 1, 1))], [Box((4, 4, 5), (1, 1, 1))], grid=grid)) == {1: 1}
    assert hits(pair([Box((4, 4, 4), (1, 1, 1))], [Box((4, 4, 6), (1, 1, 1))], grid=grid)) == {}


def test_a_lesion_of_one_voxel_can_be_hit_by_every_rule() -> None:
    voxel = [Box((4, 4, 4), (1, 1, 1))]
    for rule in ("hit/1", "any-overlap", "iou>=1.0", "dice>=1", "centre<=0", "picai"):
        assert hits(pair(voxel, voxel, rule)) == {1: 1}, rule


def test_overlap_without_enough_of_it_is_a_hit_only_for_any_overlap() -> None:
    lesion, finding = [Box((0, 0, 0), (10, 10, 10))], [Box((9, 9, 9), (12, 12, 2))]
    assert hits(pair(lesion, finding, "any-overlap")) == {1: 1}
    assert hits(pair(lesion, finding, "iou>=0.10")) == {}


def test_a_concentric_finding_of_another_size_hits_by_its_centre_and_not_by_its_outline() -> None:
    lesion, core, shell = Box((4, 4, 2), (8, 8, 8)), Box((7, 7, 5), (2, 2, 2)), Box((1, 1, 0), (14, 14, 12))
    for finding, iou in ((core, 8 / 512), (shell, 512 / 2352)):
        assert hits(pair([lesion], [finding])) == {1: 1}
        assert hits(pair([lesion], [finding], "centre<=0.9")) == {1: 1}  # half a voxel along each axis
        assert hits(pair([lesion], [finding], "iou>=0.10")) == ({1: 1} if iou >= 0.1 else {})


def test_the_best_outline_is_kept_and_not_the_worst_whatever_their_order() -> None:
    # MetricsReloaded's greedy matching sorts the other way round and keeps the finding that outlines the lesion worst.
    good, fair, poor = (4, 4, 4), (3, 4, 4), (2, 4, 4)
    for sizes in itertools.permutations([good, fair, poor]):
        grid = make_grid((24, 24, 24))
        lesion = Box((4, 4, 4), (9, 4, 4))
        findings, low = [], 4
        for number, size in enumerate(sizes, start=1):
            findings.append(Box((low, 4, 4), size, number))
            low += size[0]
        for rule in ("hit/1", "picai", "any-overlap", "iou>=0.1", "dice>=0.1", "centre<=5"):
            assert hits(pair([lesion], findings, rule, grid=grid)) == {1: sizes.index(good) + 1}, rule


def test_one_of_hundreds_of_specks_hits_and_the_rest_stays() -> None:
    grid = make_grid((60, 60, 12))
    specks = [Box((3 * i, 3 * j, 3 * k), (1, 1, 1)) for i in range(20) for j in range(20) for k in range(4)]
    lesion = labelled(make_volume(Box((30, 30, 3), (3, 3, 3)), grid=grid))
    found = labelled(make_volume(*specks, grid=grid))
    assert len(found.ids) == 1600
    for rule in ("hit/1", "any-overlap", "iou>=0.03", "centre<=5", "picai"):
        matches = match(lesion, found, rule=get_hit_rule(rule))
        assert len(matches.finding_of) == (0 if rule == "picai" else 1), rule  # 1 of 27 voxels
        assert matches.ignored == frozenset()
    inside = match(lesion, found, rule=get_hit_rule("any-overlap")).finding_of[1]
    assert found.centres_mm[inside - 1].tolist() == [30.0, 30.0, 3.0]


@pytest.mark.parametrize("empty", ["lesions", "findings", "both"])
def test_nothing_matches_nothing(empty: str) -> None:
    some, none = labelled(make_volume(Box((2, 2, 2), (1, 1, 1)))), labelled(make_volume())
    lesions = none if empty in ("lesions", "both") else some
    findings = none if empty in ("findings", "both") else some
    assert match(lesions, findings, rule=get_hit_rule("hit/1")).finding_of == {}


@st.composite
def scattered(draw: st.DrawFn) -> tuple[list[Box], list[Box]]:
    sides = st.tuples(*[st.integers(1, 4)] * 3)
    corners = st.tuples(*[st.integers(0, 6)] * 3)
    return tuple(  # type: ignore[return-value]
        [Box(draw(corners), draw(sides), number) for number in range(1, draw(st.integers(1, 4)) + 1)] for _ in range(2)
    )


RULES = ("hit/1", "any-overlap", "iou>=0.10", "iou>=0.5", "dice>=0.3", "centre<=0", "centre<=1.5", "picai")


@settings(max_examples=150, deadline=None)
@given(scattered(), st.sampled_from(RULES))
def test_no_other_pairing_has_more_hits_or_as_many_with_more_overlap(
    boxes: tuple[list[Box], list[Box]], name: str
) -> None:
    lesions, findings = (as_objects(side, SMALL) for side in boxes)
    matches = match(lesions, findings, rule=get_hit_rule(name))
    assert len(set(matches.finding_of.values())) == len(matches.finding_of)
    iou, eligible = by_sets(lesions, findings, name)
    pairs = [(lesions.ids.index(lesion), findings.ids.index(finding)) for lesion, finding in matches.finding_of.items()]
    assert all(eligible[pair] for pair in pairs)

    def worth(some: list[tuple[int, int]]) -> tuple[float, float]:
        overlap = float(sum(iou[pair] for pair in some))
        return (0, len(some) + overlap) if name == "picai" else (len(some), overlap)

    best = max(
        worth([pair for pair in pairs_of(order, eligible.shape) if eligible[pair]])
        for order in itertools.permutations(range(max(eligible.shape)), min(eligible.shape))
    )
    number, overlap = worth(pairs)
    assert number == best[0]
    assert overlap == pytest.approx(best[1])
    surplus = {findings.ids[column] for column in np.flatnonzero(eligible.any(axis=0))}
    assert matches.ignored == (surplus - set(matches.finding_of.values()) if name == "picai" else set())


@settings(max_examples=100, deadline=None)
@given(
    scattered(),
    st.sampled_from(RULES),
    st.permutations([0, 1, 2]),
    st.tuples(*[st.booleans()] * 3),
    st.tuples(*[st.integers(0, 5)] * 3),
)
def test_turning_flipping_or_moving_the_scan_changes_neither_hits_nor_overlap(
    boxes: tuple[list[Box], list[Box]],
    name: str,
    axes: list[int],
    flips: tuple[bool, bool, bool],
    shift: tuple[int, int, int],
) -> None:
    here, there = [], []
    for side in boxes:
        volume = make_volume(*side, grid=SMALL)
        padded = np.pad(volume.data, [(step, 0) for step in shift])
        flipped = np.flip(padded, tuple(axis for axis in range(3) if flips[axis]))
        turned = np.transpose(flipped, axes)
        here.append(instances(volume))
        there.append(instances(Volume(turned, Grid(turned.shape, np.diag([*np.array(SPACING)[axes], 1.0])))))
    hits_before, overlap_before = measured(here[0], here[1], name)
    hits_after, overlap_after = measured(there[0], there[1], name)
    assert hits_after == hits_before
    assert overlap_after == pytest.approx(overlap_before)


SPACING = (0.7, 0.7, 1.5)
SMALL = make_grid((12, 12, 12), spacing=SPACING)


def instances(volume: Volume) -> Objects:
    """Each label an object, a lone label too."""
    flat = np.flatnonzero(volume.data.T).astype(np.int32)
    values, owner = np.unique(volume.data.T.reshape(-1)[flat], return_inverse=True)
    return Objects(grid=volume.grid, flat=flat, owner=owner.astype(np.int32), ids=tuple(values.tolist()))


def measured(lesions: Objects, findings: Objects, name: str) -> tuple[int, float]:
    pairs = match(lesions, findings, rule=get_hit_rule(name)).finding_of
    iou, _ = by_sets(lesions, findings, name)
    overlap = sum(iou[lesions.ids.index(one), findings.ids.index(other)] for one, other in pairs.items())
    return len(pairs), float(overlap)


def pairs_of(order: tuple[int, ...], shape: tuple[int, int]) -> list[tuple[int, int]]:
    rows_are_fewer = shape[0] <= shape[1]
    return [(few, many) if rows_are_fewer else (many, few) for few, many in enumerate(order)]


def by_sets(lesions: Objects, findings: Objects, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Intersection over union of every pair, and whether the rule of that name allows it, as its words say."""
    ours, theirs = ([members(side, position) for position in range(len(side.ids))] for side in (lesions, findings))
    shape = (len(ours), len(theirs))
    iou, eligible = np.zeros(shape), np.zeros(shape, dtype=bool)
    for row, column in np.ndindex(shape):
        a, b = ours[row], theirs[column]
        iou[row, column] = len(a & b) / len(a | b)
        eligible[row, column] = allowed(name, a, b, lesions.grid)
    return iou, eligible


def members(objects: Objects, position: int) -> set[tuple[int, int, int]]:
    flat = objects.flat[objects.owner == position]
    return {(int(i), int(j), int(k)) for i, j, k in zip(*np.unravel_index(flat, objects.grid.shape, "F"), strict=True)}


def allowed(name: str, lesion: set[tuple[int, int, int]], finding: set[tuple[int, int, int]], grid: Grid) -> bool:
    iou = Fraction(len(lesion & finding), len(lesion | finding))
    spacing = np.array(grid.spacing)
    centre = np.mean(sorted(finding), axis=0) * spacing
    distance = min(float(np.linalg.norm(np.array(voxel) * spacing - centre)) for voxel in lesion)
    if name == "hit/1":
        small = len(finding) <= 10 * len(lesion) or len(finding) * grid.voxel_ml <= 4
        return small and (iou >= Fraction("0.1") or distance <= 5)
    if name in ("any-overlap", "picai"):
        return iou > 0 if name == "any-overlap" else iou >= Fraction("0.1")
    measure, limit = name.replace("<", ">").split(">=")
    if measure == "centre":
        return distance <= float(limit) + 1e-9
    return (iou if measure == "iou" else 2 * iou / (1 + iou)) >= Fraction(limit)
