"""The Ladder: what is shown counted by hand, and what it never tells."""

from __future__ import annotations

import math

import numpy as np
import pytest

from evaluator.statistics.ladder import Ladder, climb


def wrong(*cases: int, n: int = 10) -> list[float]:
    return [1.0 if number in cases else 0.0 for number in range(n)]


def test_the_first_submission_is_shown_as_it_is() -> None:
    rung = climb(Ladder(), wrong(1, 2, 3))
    assert (rung.accepted, rung.shown, rung.step) == (True, 0.3, None)


def test_better_by_less_than_chance_shows_what_was_shown() -> None:
    first = climb(Ladder(), wrong(1, 2, 3)).ladder
    # One case better: differences are nine 0 and one −1, s = √0.1, the step √0.1/√10 = 0.1; 0.3 − 0.2 is not more.
    rung = climb(first, wrong(1, 2))
    assert rung.step == pytest.approx(0.1)
    assert (rung.accepted, rung.shown) == (False, 0.3)
    assert rung.ladder is first


def test_better_by_more_than_chance_becomes_the_best() -> None:
    first = climb(Ladder(), wrong(1, 2, 3)).ladder
    # All three right: seven 0 and three −1, s = √(0.21 · 10/9), the step 0.1528 below 0.3.
    rung = climb(first, wrong())
    assert rung.step == pytest.approx(math.sqrt(0.21 * 10 / 9) / math.sqrt(10))
    assert (rung.accepted, rung.shown) == (True, 0.0)
    assert not climb(rung.ladder, wrong(1)).accepted


def test_the_same_again_and_worse_tell_nothing() -> None:
    first = climb(Ladder(), wrong(1)).ladder
    assert [climb(first, losses).shown for losses in (wrong(1), wrong(1, 2), wrong(*range(10)))] == [0.1] * 3


def test_a_loss_that_is_no_count_is_shown_to_the_nth() -> None:
    assert climb(Ladder(), [0.26, 0.31, 0.1, 0.2]).shown == 0.25


@pytest.mark.parametrize("losses", [[], [np.nan], [np.inf], [-1.0], [[0.0]]])
def test_what_is_no_loss_is_refused(losses: list[float]) -> None:
    with pytest.raises(ValueError, match="Losses are"):
        climb(Ladder(), losses)


def test_another_test_set_is_refused() -> None:
    with pytest.raises(ValueError, match="on 10 cases before; these are 5"):
        climb(climb(Ladder(), wrong(1)).ladder, wrong(1, n=5))
