"""Lead time: intervals counted by hand, Turnbull against R's survival and against its own optimality conditions."""

from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from lifelines.fitters.npmle import npmle

from evaluator.errors import UsageError
from evaluator.statistics.lead_time import LeadInterval, Mass, PriorScan, latest_per_bin, lead_time, turnbull
from evaluator.statistics.turnbull import turnbull_estimate

ORACLE = Path(__file__).parents[2] / "oracles" / "lead_time.txt"
LINES = [line.split() for line in ORACLE.read_text().splitlines()]
R_INTERVALS = [
    LeadInterval(patient=str(n), low=float(line[1]), high=None if line[2] == "Inf" else float(line[2]))
    for n, line in enumerate(line for line in LINES if line[0] == "interval")
]


def scans(patient: str, **answers: bool) -> list[PriorScan]:
    """``m5=True``: flagged 5 months before diagnosis; ``m5_5`` is 5.5."""
    return [
        PriorScan(patient=patient, months=float(name[1:].replace("_", ".")), flagged=flagged)
        for name, flagged in answers.items()
    ]


def only(*found: PriorScan) -> tuple[float, float | None]:
    (one,) = lead_time(found).intervals
    return one.low, one.high


def test_each_kind_of_interval() -> None:
    assert only(*scans("a", m4=True, m9=True, m15=False, m30=False)) == (9, 15)
    assert only(*scans("a", m4=True, m9=True)) == (9, None)
    assert only(*scans("a", m4=False, m9=False)) == (0, 4)


def test_the_earliest_flag_counts_and_a_miss_after_it_is_told() -> None:
    found = lead_time(scans("a", m4=True, m9=False, m15=True, m30=False))
    assert [(one.low, one.high) for one in found.intervals] == [(15, 30)]
    assert found.interrupted == 1
    assert lead_time(scans("a", m4=False, m9=True)).interrupted == 1
    assert lead_time(scans("a", m4=True, m9=True, m15=False)).interrupted == 0
    assert lead_time(scans("a", m4=False)).interrupted == 0


def test_the_latest_scan_in_a_bin_stands_for_it_and_others_are_left_out() -> None:
    chosen = latest_per_bin(scans("a", m2=True, m6=False, m11=True, m36=True, m36_1=True, m25=False))
    assert [(one.months, one.flagged) for one in chosen["a"]] == [(6, False), (25, False)]
    assert [one.months for one in latest_per_bin(scans("b", m3=True, m5_9=False, m12=True, m36=True))["b"]] == [
        3,
        12,
        36,
    ]


def survival(masses: tuple[Mass, ...], months: float) -> float:
    """R puts a piece's mass into its middle."""
    return sum(one.share for one in masses if one.high is None or (one.low + one.high) / 2 >= months)


@cache
def estimate(who: str) -> tuple[Mass, ...]:
    return turnbull([one for one in R_INTERVALS if who == "all" or one.detected])


@pytest.mark.parametrize(
    "line", [line for line in LINES if line[0] == "survival"], ids=lambda line: " ".join(line[1:3])
)
def test_turnbulls_curve_is_that_of_rs_survival(line: list[str]) -> None:
    assert len(R_INTERVALS) == 60
    found = survival(estimate(line[1]), float(line[2]))
    assert found == pytest.approx(float(line[3]), abs=5e-4)  # survfit continued to convergence
    assert found == pytest.approx(float(line[4]), abs=1e-2)  # survfit as it stops


def test_no_other_distribution_is_likelier() -> None:
    # Gentleman & Geyer 1994: at the maximum, moving mass into any stretch gains nothing. The directional derivative is
    # the mean over patients of 1/P(interval) where the stretch lies in the interval, and at most 1.
    masses = estimate("all")

    def inside(one: LeadInterval, low: float, high: float | None) -> bool:
        return one.low <= low and (one.high is None or (high is not None and high <= one.high))

    likely = {one: sum(m.share for m in masses if inside(one, m.low, m.high)) for one in R_INTERVALS}
    ends = sorted({one.low for one in R_INTERVALS} | {one.high for one in R_INTERVALS if one.high is not None})
    for low, high in [*pairwise(ends), (ends[-1], None)]:
        gain = sum(1 / likely[one] for one in R_INTERVALS if inside(one, low, high)) / len(R_INTERVALS)
        assert gain <= 1 + 1e-4


def test_ends_that_touch_do_not_share_a_point() -> None:
    touching = [LeadInterval(patient="a", low=3, high=6), LeadInterval(patient="b", low=6, high=12)]
    found = turnbull(touching)
    assert [(one.low, one.high) for one in found] == [(3, 6), (6, 12)]
    assert [one.share for one in found] == pytest.approx([0.5, 0.5])


def test_the_median_of_patients_whose_intervals_do_not_overlap_is_counted_by_hand() -> None:
    answers = [scans("a", m4=True, m7=False), scans("b", m8=True, m13=False), scans("c", m14=True, m25=False)]
    found = lead_time([one for patient in answers for one in patient])
    assert (found.among_detected.low, found.among_detected.high) == pytest.approx((8, 13))
    assert found.of_all.text == "8 to 13 months"
    even = lead_time([one for patient in (*answers, scans("d", m26=True)) for one in patient])
    assert (even.of_all.low, even.of_all.high) == pytest.approx(
        (8, 25)
    )  # the median lies between the two in the middle


def test_with_47_percent_detected_the_median_of_all_is_0() -> None:
    seen = [one for n in range(47) for one in scans(f"s{n}", m4=True, m13=False)]
    missed = [one for n in range(53) for one in scans(f"m{n}", m5=False)]
    found = lead_time(seen + missed)
    assert (found.detected.k, found.detected.n) == (47, 100)
    assert found.among_detected.text == "4 to 13 months"
    assert (found.of_all.low, found.of_all.high) == (0, 0)
    assert found.sentence == (
        "Flagged before diagnosis: 47/100. Median lead time among detected: 4 to 13 months; of all: 0 months. "
        "Retrospective lead time is not survival benefit."
    )


def test_a_median_that_was_never_seen_to_end_is_at_least_so_long() -> None:
    found = lead_time([*scans("a", m30=True), *scans("b", m24=True)])
    assert found.among_detected.text == "at least 30 months"


@pytest.mark.parametrize("given", [[], scans("a", m1=True, m40=True)])
def test_nobody_is_a_sentence(given: list[PriorScan]) -> None:
    found = lead_time(given)
    assert (found.detected.value, found.of_all.low, found.among_detected.method) == (None, None, "no patients")
    assert found.sentence.startswith("No patient has a scan from 3 to 36 months before diagnosis.")


def test_nobody_flagged_leaves_no_median_among_detected() -> None:
    found = lead_time(scans("a", m4=False))
    assert (found.among_detected.text, found.of_all.text) == ("no patients", "0 months")


@pytest.mark.parametrize("months", [-1.0, float("nan"), float("inf")])
def test_an_impossible_lead_time_is_refused(months: float) -> None:
    with pytest.raises(UsageError, match="impossible"):
        lead_time([PriorScan(patient="a", months=months, flagged=True)])


def test_two_answers_for_one_moment_are_refused() -> None:
    both = [PriorScan(patient="a", months=4, flagged=flagged) for flagged in (True, False)]
    with pytest.raises(UsageError, match="both flagged and missed"):
        lead_time(both)


def test_the_estimate_is_that_of_lifelines() -> None:
    rng = np.random.default_rng(3)
    left = rng.integers(0, 20, 80).astype(float)
    right = np.where(rng.random(80) < 0.2, np.inf, left + rng.integers(0, 12, 80))
    starts, ends, shares = turnbull_estimate(left, right)
    theirs, pieces = npmle(left, right, tol=1e-9)
    places = [(float(one.left), float(one.right)) for one in pieces]
    assert list(zip(starts.tolist(), ends.tolist(), strict=True)) == places
    assert shares == pytest.approx(np.asarray(theirs) / np.sum(theirs), abs=1e-4)


def test_a_hundred_who_are_known_exactly_are_their_own_distribution() -> None:
    exact = np.repeat([1.0, 4.0, 9.0], [20, 30, 50])
    starts, _, shares = turnbull_estimate(exact, exact)
    assert starts.tolist() == [1, 4, 9]
    assert shares.tolist() == pytest.approx([0.2, 0.3, 0.5])
