"""How numbers are written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evaluator.results import to_builtins
from evaluator.statistics.disclosure import hide
from evaluator.statistics.intervals import wilson
from evaluator.statistics.operating_point import freeze_threshold, submission_threshold
from evaluator.statistics.prevalence import ppv
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Unit


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.941, "94.1"),
        (0.0, "0.0"),
        (1.0, "100.0"),
        (0.0094115, "0.94"),
        (0.00018, "0.018"),
        (0.99, "99.0"),
        (0.9995, "99.95"),
        (0.99997, "99.997"),
    ],
)
def test_a_percentage_has_one_decimal_and_more_only_where_they_say_something(value: float, text: str) -> None:
    assert formatting.percent(value) == text


def test_a_rate_is_written_with_its_interval_and_its_n() -> None:
    shown = formatting.rate(vars(wilson(95, 100)))
    assert (shown.text, shown.interval, shown.counts) == ("95.0", "(88.8–97.8)", "n 100")
    assert shown.sentence == "95.0 (88.8–97.8) n 100"


def test_a_rate_of_nobody_says_no_patients() -> None:
    assert formatting.rate(vars(wilson(0, 0))).sentence == "no patients"


def test_a_ppv_without_a_false_positive_has_a_lower_limit_only() -> None:
    shown = formatting.rate(vars(ppv(sensitivity=(95, 100), specificity=(1000, 1000), prevalence=0.04)))
    assert shown.sentence == "at least 83.4"


def test_a_hidden_cell_says_below_what_it_is_hidden() -> None:
    hidden = hide(wilson(3, 7), minimum=10)
    assert formatting.rate(vars(hidden)).words == "hidden (fewer than 10 patients)"


def test_a_number_that_is_not_there_is_not_available() -> None:
    assert formatting.rate(None).words == "not available"


def test_an_interval_through_zero_is_joined_by_a_word() -> None:
    assert formatting.interval(-0.037, 0.041, Unit.POINTS) == "(−3.7 to 4.1)"


def test_a_rank_band_is_one_number_only_where_both_ends_are_it() -> None:
    assert [formatting.rank_band(2, 2), formatting.rank_band(1, 3), formatting.rank_band(None, None)] == [
        "2",
        "1–3",
        "–",
    ]


@pytest.mark.parametrize(
    ("seconds", "words"), [(9, "9 s"), (240, "4 min"), (12_000, "3 h 20 min"), (90_000, "1 day"), (200_000, "2 days")]
)
def test_durations_are_what_a_person_would_say(seconds: int, words: str) -> None:
    assert formatting.how_long(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "none"), (12, "12 s"), (250, "4 min"), (12_240, "3.4 h"), (4_442_400, "1,234.0 h")]
)
def test_hours_that_are_added_up_stay_hours(seconds: int, words: str) -> None:
    assert formatting.hours(timedelta(seconds=seconds)) == words


def test_dates_carry_their_time_zone() -> None:
    assert formatting.utc(datetime(2026, 11, 23, 14, 5, tzinfo=UTC)) == "2026-11-23 14:05 UTC"


@pytest.mark.parametrize(("size", "words"), [(999, "999 B"), (1500, "2 kB"), (2_500_000_000, "2.5 GB")])
def test_sizes_are_decimal(size: int, words: str) -> None:
    assert formatting.how_large(size) == words


def test_a_threshold_of_calibration_patients_has_two_digits_and_a_teams_own_has_all() -> None:
    frozen = lock_operating_point_of([0.1234567, 0.4321987, 0.7654321, 0.9876543])
    assert frozen["sentence"].startswith("Flagged above 0.765432, locked before the test")
    assert formatting.threshold(frozen) == "0.77"
    assert formatting.point_sentence(frozen).startswith("Flagged above 0.77, locked before the test: the 3rd smallest")
    own = {**to_builtins(submission_threshold(0.123456)), "sentence": submission_threshold(0.123456).sentence}
    assert formatting.threshold(own) == "0.123456"
    assert formatting.point_sentence(own) == own["sentence"]


def lock_operating_point_of(scores: list[float]) -> dict[str, Any]:
    point = freeze_threshold(scores, alpha=0.4)
    return {**to_builtins(point), "sentence": point.sentence}
