import pytest

from evaluator.statistics.strata import LEAD_TIME_BINS, SIZE_STRATA, SIZE_SUMS


def strata_of(diameter: float | None) -> set[str]:
    return {stratum.name for stratum in SIZE_STRATA if stratum.has(diameter)}


@pytest.mark.parametrize(
    ("diameter", "expected"),
    [
        (9.9, {"all", "le10", "le20"}),
        (10.0, {"all", "le10", "le20"}),
        (10.1, {"all", "gt10_le20", "le20"}),
        (20.0, {"all", "gt10_le20", "le20"}),
        (20.000001, {"all", "gt10_le20", "le20"}),  # a header's float32
        (20.1, {"all", "gt20_le40"}),
        (40.0, {"all", "gt20_le40"}),
        (55.0, {"all", "gt40"}),
        (None, {"all"}),
    ],
)
def test_edges_belong_to_the_smaller_stratum_and_unknown_to_all_only(
    diameter: float | None, expected: set[str]
) -> None:
    assert strata_of(diameter) == expected


@pytest.mark.parametrize("diameter", [0.5, 10.0, 15.0, 20.0, 33.3, 40.0, 41.0])
def test_the_parts_of_a_whole_do_not_overlap(diameter: float) -> None:
    mine = strata_of(diameter)
    for whole, *parts in SIZE_SUMS:
        assert len(mine.intersection(parts)) == (whole in mine)


@pytest.mark.parametrize(
    ("months", "expected"),
    [(2.9, []), (3, ["3_6"]), (5.9, ["3_6"]), (6, ["6_12"]), (24, ["24_36"]), (36, ["24_36"]), (36.1, []), (None, [])],
)
def test_lead_time_bins_hold_their_start(months: float | None, expected: list[str]) -> None:
    assert [one.name for one in LEAD_TIME_BINS if one.has(months)] == expected
