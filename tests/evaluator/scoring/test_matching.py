from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.errors import UsageError
from evaluator.records import Grid
from evaluator.scoring.matching import Contacts, HitRule, Matches, get_hit_rule, match
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


def test_picai_prefers_overlap_to_the_number_of_hits_and_leaves_surplus_out() -> None:
    # Finding 1 covers lesion 1 whole; it is also the only one that lesion 2 could have.
    lesions = [Box((4, 4, 4), (8, 4, 4), 1), Box((12, 4, 4), (4, 4, 4), 2)]
    findings = [Box((4, 4, 4), (10, 4, 4), 1), Box((4, 8, 4), (1, 1, 1), 2)]
    assert hits(pair(lesions, findings, "picai")) == {1: 1}
    pieces = [Box((4, 4, 4), (2, 4, 4), 1), Box((6, 4, 4), (6, 4, 4), 2), Box((4, 9, 4), (1, 1, 1), 3)]
    matches = pair(lesions[:1], pieces, "picai")
    assert hits(matches) == {1: 2}
    assert matches.ignored == {1}  # the third does not overlap: it stays a false positive
    assert pair(lesions[:1], pieces, "hit/1").ignored == frozenset()


@pytest.mark.parametrize("empty", ["lesions", "findings", "both"])
def test_nothing_matches_nothing(empty: str) -> None:
    some, none = labelled(make_volume(Box((2, 2, 2), (1, 1, 1)))), labelled(make_volume())
    lesions = none if empty in ("lesions", "both") else some
    findings = none if empty in ("findings", "both") else some
    assert match(lesions, findings, rule=get_hit_rule("hit/1")).finding_of == {}


@pytest.mark.parametrize(
    "name", ["", "hit/2", "iou", "iou>=0", "iou>=1.1", "iou>=x", "centre<=-1", "dice>0.5", "IOU>=0.1"]
)
def test_an_unknown_rule_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        get_hit_rule(name)
    assert "hit/1, any-overlap, iou>=T, dice>=T, centre<=MM, picai" in refused.value.why
    assert refused.value.exit_code == 2


@st.composite
def scattered(draw: st.DrawFn) -> tuple[list[Box], list[Box]]:
    sides = st.tuples(*[st.integers(1, 4)] * 3)
    corners = st.tuples(*[st.integers(0, 6)] * 3)
    return tuple(  # type: ignore[return-value]
        [Box(draw(corners), draw(sides), number) for number in range(1, draw(st.integers(1, 4)) + 1)] for _ in range(2)
    )


@settings(max_examples=60, deadline=None)
@given(scattered(), st.sampled_from(["hit/1", "any-overlap", "iou>=0.10", "dice>=0.3", "centre<=1.5"]))
def test_no_other_pairing_has_more_hits_or_as_many_with_more_overlap(
    boxes: tuple[list[Box], list[Box]], name: str
) -> None:
    lesions, findings = (as_objects(side, make_grid((12, 12, 12))) for side in boxes)
    rule = get_hit_rule(name)
    found = match(lesions, findings, rule=rule)
    assert len(set(found.finding_of.values())) == len(found.finding_of)
    iou, eligible = overlaps(lesions, findings, rule)
    best = max(
        (len(pairs), sum(iou[pair] for pair in pairs))
        for order in itertools.permutations(range(max(eligible.shape)), min(eligible.shape))
        for pairs in [[pair for pair in pairs_of(order, eligible.shape) if eligible[pair]]]
    )
    rows = [(lesions.ids.index(lesion), findings.ids.index(finding)) for lesion, finding in found.finding_of.items()]
    assert all(eligible[row] for row in rows)
    assert (len(rows), sum(iou[row] for row in rows)) == (best[0], pytest.approx(best[1]))


def pairs_of(order: tuple[int, ...], shape: tuple[int, int]) -> list[tuple[int, int]]:
    rows_are_fewer = shape[0] <= shape[1]
    return [(few, many) if rows_are_fewer else (many, few) for few, many in enumerate(order)]


def overlaps(lesions: Objects, findings: Objects, rule: HitRule) -> tuple[np.ndarray, np.ndarray]:
    """Intersection over union by sets of voxels, and what the rule says of each pair."""
    ours, theirs = (
        [set(side.flat[side.owner == position].tolist()) for position in range(len(side.ids))]
        for side in (lesions, findings)
    )
    shared = np.array([[len(a & b) for b in theirs] for a in ours])
    union = np.array([[len(a | b) for b in theirs] for a in ours])
    return shared / union, rule.eligible(Contacts(lesions=lesions, findings=findings, shared=shared))
