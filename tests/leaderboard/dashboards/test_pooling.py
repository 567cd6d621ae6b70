"""The rates of a report over hospitals: pooled where there are enough, silent where counts are hidden."""

from __future__ import annotations

from typing import Any

import pytest

from leaderboard.dashboards.selectors.pooling import as_lines, pooled_rates


def block(found: int | None, cleared: int | None, of: int = 40) -> dict[str, Any]:
    n = None if found is None else of
    return {"sensitivity": {"all": {"k": found, "n": n}}, "specificity": {"k": cleared, "n": n}}


def test_five_hospitals_say_what_a_typical_and_a_new_one_would_be() -> None:
    rates = pooled_rates({f"hospital {at}": block(found, 36) for at, found in enumerate((30, 38, 34, 26, 39))})
    sensitivity = rates["sensitivity"]
    assert sensitivity.together.k == 30 + 38 + 34 + 26 + 39
    (typical, at), (new, ahead) = as_lines(sensitivity)
    assert (typical, new) == ("A typical hospital", "A new hospital (prediction)")
    assert at.value == ahead.value == pytest.approx(sensitivity.value)
    assert None not in (at.low, at.high, ahead.low, ahead.high)
    assert ahead.low < at.low  # type: ignore[operator]
    assert at.high < ahead.high  # type: ignore[operator]


def test_four_hospitals_say_nothing_of_others_and_the_sentence_says_so() -> None:
    rates = pooled_rates({f"hospital {at}": block(30 + at, 36) for at in range(4)})
    assert as_lines(rates["sensitivity"]) == []
    assert "not estimable" in rates["sensitivity"].sentence


def test_hidden_counts_of_one_hospital_hide_the_pooled_rate() -> None:
    hospitals = {f"hospital {at}": block(30 + at, 36) for at in range(5)} | {"small": block(None, None)}
    assert pooled_rates(hospitals) == {}
