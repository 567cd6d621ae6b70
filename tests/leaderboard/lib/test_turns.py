"""No more than a few do what is expensive at the same time, and nobody waits for ever."""

from __future__ import annotations

import pytest

from leaderboard.lib.turns import Busy, turn

BUSY = Busy("Others are at it.", next_step="Try again in a minute.")


def test_only_as_many_as_there_are_places_have_their_turn() -> None:
    with turn("test", at_once=2, patience=0, otherwise=BUSY), turn("test", at_once=2, patience=0, otherwise=BUSY):
        with pytest.raises(Busy, match="Try again in a minute"), turn("test", at_once=2, patience=0.2, otherwise=BUSY):
            pytest.fail("a third one had a turn")
        with turn("other", at_once=1, patience=0, otherwise=BUSY):
            pass


def test_a_place_is_free_again_however_its_turn_ended() -> None:
    with pytest.raises(ZeroDivisionError), turn("test", at_once=1, patience=0, otherwise=BUSY):
        raise ZeroDivisionError
    with turn("test", at_once=1, patience=0, otherwise=BUSY):
        pass
