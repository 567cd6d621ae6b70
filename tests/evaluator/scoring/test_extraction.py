"""How findings are cut out of a detection map; the picai ways as report_guided_annotation itself cuts it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluator.errors import UsageError
from evaluator.records import Volume
from evaluator.scoring.extraction import EXTRACTIONS, get_extraction
from tests.phantoms import Box, make_grid, make_volume

CORNERS = (Box((2, 2, 2), (2, 2, 2), 0.5), Box((4, 4, 4), (2, 2, 2), 0.25))  # they share a corner
EDGES = (Box((2, 2, 2), (2, 2, 2), 0.5), Box((4, 4, 2), (2, 2, 2), 0.25))  # they share an edge
FACES = (Box((2, 2, 2), (2, 2, 2), 0.5), Box((4, 2, 2), (2, 2, 2), 0.25))


def found(*boxes: Box, extraction: str = "threshold", connectivity: int = 26) -> list[tuple[float, int]]:
    """Confidence and voxels of each finding, in their order."""
    how = get_extraction(extraction, connectivity=connectivity)
    extracted = how.extract(make_volume(*boxes, dtype=np.float32))
    sizes = extracted.objects.sizes.astype(int).tolist()
    return [(round(value, 4), size) for value, size in zip(extracted.confidences.tolist(), sizes, strict=True)]


def test_a_finding_is_what_connects_above_a_tenth_and_as_confident_as_its_maximum() -> None:
    assert found(*CORNERS, Box((12, 12, 4), (3, 1, 1), 0.1)) == [(0.5, 16)]
    assert get_extraction().name == "threshold"


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [("0", [(0.5, 8), (0.25, 8)]), ("0.249", [(0.5, 8), (0.25, 8)]), ("0.25", [(0.5, 8)]), ("0.5", []), ("0.999", [])],
)
def test_another_threshold_may_be_asked_for_and_is_itself_below_a_finding(
    threshold: str, expected: list[tuple[float, int]]
) -> None:
    apart = (Box((2, 2, 2), (2, 2, 2), 0.5), Box((9, 9, 2), (2, 2, 2), 0.25))
    assert found(*apart, extraction=f"threshold>{threshold}") == expected


@pytest.mark.parametrize(
    ("boxes", "connectivity", "findings"),
    [
        (CORNERS, 26, 1), (CORNERS, 18, 2), (CORNERS, 6, 2),
        (EDGES, 26, 1), (EDGES, 18, 1), (EDGES, 6, 2),
        (FACES, 26, 1), (FACES, 18, 1), (FACES, 6, 1),
    ],
)  # fmt: skip
def test_voxels_connect_by_faces_by_edges_too_or_by_corners_too(
    boxes: tuple[Box, ...], connectivity: int, findings: int
) -> None:
    assert len(found(*boxes, connectivity=connectivity)) == findings


# What follows was said by report_guided_annotation 0.3.4, which picai_eval 1.4.13 uses to extract lesion candidates
# (pip install picai-eval==1.4.13 report-guided-annotation==0.3.4):
#
#   >>> import numpy as np
#   >>> from report_guided_annotation import extract_lesion_candidates
#   >>> def painted(*boxes):
#   ...     data = np.zeros((12, 24, 24), "float32")
#   ...     for (i, j, k), (a, b, c), value in boxes: data[k:k + c, j:j + b, i:i + a] = value
#   ...     return data
#   >>> def found(data, threshold):
#   ...     hard, _, _ = extract_lesion_candidates(data, threshold=threshold)
#   ...     return [(round(float(v), 4), int((hard == v).sum())) for v in np.unique(hard)[:0:-1]]
#   >>> rim = painted(((2,2,2),(7,7,7),.2), ((3,3,3),(5,5,5),.4), ((4,4,4),(3,3,3),.8), ((16,16,4),(3,2,2),.3))
#   >>> peak = painted(((2,2,2),(5,2,1),.9), ((12,2,2),(11,1,1),.5), ((2,12,2),(5,4,1),.3))
#   >>> seven = painted(*[((2 + 7*(n%3), 2 + 7*(n//3), 4), (3,2,2), (n+2)/10) for n in range(7)])
#   >>> edge = painted(((2,2,2),(3,3,3),.625), ((5,2,2),(3,3,3),.25), ((14,14,4),(3,3,3),.2421875))
#   >>> for data in (rim, peak, seven, edge):
#   ...     print(*[found(data, threshold) for threshold in ("dynamic", "dynamic-v2", "dynamic-fast", 0.25)], sep="\n")
#   [(0.8, 125), (0.3, 12)]
#   [(0.8, 125), (0.3, 12)]
#   [(0.8, 125)]
#   [(0.8, 125), (0.3, 12)]
#   [(0.5, 11)]
#   [(0.5, 11), (0.3, 20)]
#   [(0.5, 11)]
#   [(0.5, 11), (0.3, 20)]
#   [(0.8, 12), (0.7, 12), (0.6, 12), (0.5, 12), (0.4, 12)]
#   [(0.8, 12), (0.7, 12), (0.6, 12), (0.5, 12), (0.4, 12)]
#   [(0.8, 12), (0.7, 12), (0.6, 12), (0.5, 12), (0.4, 12)]
#   [(0.8, 12), (0.7, 12), (0.6, 12), (0.5, 12), (0.4, 12), (0.3, 12)]
#   [(0.625, 54), (0.2422, 27)]
#   [(0.625, 54), (0.2422, 27)]
#   [(0.625, 54)]
#   [(0.625, 54)]
#
# 240 random maps (smooth, of plateaus, of blobs, of boxes, of noise, faint) came out alike there and here, voxel for
# voxel, in all these ways.
RIM = (
    Box((2, 2, 2), (7, 7, 7), 0.2), Box((3, 3, 3), (5, 5, 5), 0.4), Box((4, 4, 4), (3, 3, 3), 0.8),
    Box((16, 16, 4), (3, 2, 2), 0.3),
)  # fmt: skip
PEAK = (Box((2, 2, 2), (5, 2, 1), 0.9), Box((12, 2, 2), (11, 1, 1), 0.5), Box((2, 12, 2), (5, 4, 1), 0.3))
SEVEN = tuple(Box((2 + 7 * (n % 3), 2 + 7 * (n // 3), 4), (3, 2, 2), (n + 2) / 10) for n in range(7))
EDGE = (
    Box((2, 2, 2), (3, 3, 3), 0.625), Box((5, 2, 2), (3, 3, 3), 0.25), Box((14, 14, 4), (3, 3, 3), 0.2421875),
)  # fmt: skip


def test_picai_dynamic_cuts_at_two_fifths_of_each_peak_and_drops_the_rim_that_is_left() -> None:
    for name in ("picai-dynamic", "picai-dynamic-v2"):
        assert found(*RIM, extraction=name) == [(0.8, 125), (0.3, 12)], name
    assert found(*RIM, extraction="picai-dynamic-fast") == [(0.8, 125)]
    assert found(*RIM, extraction="picai-static>=0.25") == [(0.8, 125), (0.3, 12)]


def test_picai_dynamic_ends_at_a_peak_of_ten_voxels_and_its_second_version_goes_on() -> None:
    assert found(*PEAK, extraction="picai-dynamic") == [(0.5, 11)]
    assert found(*PEAK, extraction="picai-dynamic-v2") == [(0.5, 11), (0.3, 20)]
    assert found(*PEAK, extraction="picai-dynamic-fast") == [(0.5, 11)]
    assert found(*PEAK, extraction="picai-static>=0.25") == [(0.5, 11), (0.3, 20)]


def test_picai_dynamic_ends_at_five_and_picai_static_does_not() -> None:
    five = [(0.8, 12), (0.7, 12), (0.6, 12), (0.5, 12), (0.4, 12)]
    for name in ("picai-dynamic", "picai-dynamic-v2", "picai-dynamic-fast"):
        assert found(*SEVEN, extraction=name) == five, name
    assert found(*SEVEN, extraction="picai-static>=0.25") == [*five, (0.3, 12)]


def test_a_value_of_exactly_two_fifths_of_the_peak_belongs_to_a_picai_candidate() -> None:
    for name in ("picai-dynamic", "picai-dynamic-v2"):
        assert found(*EDGE, extraction=name) == [(0.625, 54), (0.2422, 27)], name
    for name in ("picai-dynamic-fast", "picai-static>=0.25"):
        assert found(*EDGE, extraction=name) == [(0.625, 54)], name


def test_a_map_of_nothing_or_of_less_than_a_hundredth_gives_no_picai_candidate() -> None:
    for faint in ((), (Box((2, 2, 2), (5, 5, 5), 0.0099),)):
        for name in ("picai-dynamic", "picai-dynamic-v2", "picai-static>=0.01"):
            assert found(*faint, extraction=name) == [], name
    assert found(extraction="picai-dynamic-fast") == []
    assert found(Box((2, 2, 2), (5, 5, 5), 0.0099), extraction="picai-dynamic-fast") == [(0.0099, 125)]


@st.composite
def maps(draw: st.DrawFn) -> Volume:
    values = st.sampled_from([0.005, 0.02, 0.1, 0.25, 0.5, 0.5, 1.0])
    boxes = [
        Box(draw(st.tuples(*[st.integers(0, 8)] * 3)), draw(st.tuples(*[st.integers(1, 5)] * 3)), draw(values))
        for _ in range(draw(st.integers(0, 7)))
    ]
    return make_volume(*boxes, grid=make_grid((14, 14, 14)), dtype=draw(st.sampled_from([np.float32, np.float64])))


@settings(max_examples=80, deadline=None)
@given(maps(), st.sampled_from(["picai-dynamic", "picai-dynamic-v2", "picai-dynamic-fast", "picai-static>=0.1"]))
def test_picai_candidates_are_large_connected_apart_and_bright_to_their_edge(volume: Volume, name: str) -> None:
    objects = get_extraction(name).extract(volume).objects
    assert (np.diff(objects.flat) > 0).all()
    if name in ("picai-dynamic", "picai-dynamic-v2"):
        assert len(objects.ids) <= 5
    everything = np.zeros(volume.data.size, dtype=np.float32)
    everything[objects.flat] = 1
    mask = Volume(everything.reshape(volume.data.shape, order="F"), volume.grid)
    assert get_extraction("threshold").extract(mask).objects.ids == tuple(sorted(objects.ids))
    along = volume.data.reshape(-1, order="F")
    for position in range(len(objects.ids)):
        values = along[objects.flat[objects.owner == position]]
        floor = {"picai-dynamic-fast": along.max() / 2.5, "picai-static>=0.1": 0.1}.get(name, values.max() / 2.5)
        assert len(values) > 10
        assert values.min() >= floor * (1 - 1e-6)


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_order_of_a_map_in_memory_changes_nothing(order: str) -> None:
    volume = make_volume(*RIM, *PEAK[1:], dtype=np.float64)
    ordered = Volume(np.array(volume.data, order=order), volume.grid)  # type: ignore[call-overload]
    for name in ("threshold", "picai-dynamic", "picai-static>=0.25"):
        here, there = (get_extraction(name).extract(one) for one in (volume, ordered))
        assert here.confidences.tolist() == there.confidences.tolist()
        assert here.objects.flat.tolist() == there.objects.flat.tolist()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "dynamic",
        "threshold>1",
        "threshold>=0.1",
        "threshold>-1",
        "picai-static",
        "picai-static>=0",
        "picai-static>=2",
    ],
)
def test_an_unknown_extraction_is_refused_with_the_list(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        get_extraction(name)
    assert ", ".join(EXTRACTIONS) in refused.value.why


@pytest.mark.parametrize("connectivity", [0, 4, 8, 27])
def test_an_unknown_connectivity_is_refused(connectivity: int) -> None:
    with pytest.raises(UsageError, match=f"by {connectivity} neighbours"):
        get_extraction("threshold", connectivity=connectivity)


def test_picai_extraction_under_another_connectivity_would_be_another_and_is_refused() -> None:
    with pytest.raises(UsageError, match="picai-dynamic has no connectivity 6"):
        get_extraction("picai-dynamic", connectivity=6)
