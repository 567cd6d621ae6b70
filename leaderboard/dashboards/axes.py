"""One axis per column of the leaderboard: where a value lies between its ends, in per cent of the cell's width."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from leaderboard.dashboards.formatting import MINUS, Unit


@dataclass(frozen=True, kw_only=True)
class Axis:
    """Ends and ticks in the unit of the values; everything outside is drawn at the end."""

    low: float
    high: float
    unit: Unit = Unit.PERCENT

    def place(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 2)

    @property
    def ticks(self) -> list[Tick]:
        values = (self.low, (self.low + self.high) / 2, self.high)
        sides = ("start", "middle", "end")
        return [
            Tick(place=self.place(value), label=self._label(value), side=side)
            for value, side in zip(values, sides, strict=True)
        ]

    def _label(self, value: float) -> str:
        shown = 100 * value if self.unit is Unit.PERCENT else value
        return f"{shown:.4g}".replace("-", MINUS)


@dataclass(frozen=True, kw_only=True)
class Tick:
    """``side``: how the label lies about its place, so that labels of neighbouring columns do not touch."""

    place: float
    label: str
    side: str


def proportion_axis(lows: Iterable[float], *, unit: Unit = Unit.PERCENT) -> Axis:
    """From the whole tenth below the smallest value (an even number of tenths away, at least two) to 1."""
    smallest = min(lows, default=0.0)
    tenths = min(9, max(0, math.floor(smallest * 10 + 1e-9)))
    return Axis(low=(tenths - tenths % 2) / 10, high=1.0, unit=unit)


def positive_axis(highs: Iterable[float], *, unit: Unit) -> Axis:
    """From 0 to the next round number above the largest value."""
    largest = max(highs, default=1.0)
    if largest <= 0:
        return Axis(low=0.0, high=1.0, unit=unit)
    power = 10.0 ** math.floor(math.log10(largest))
    high = next(step * power for step in (1, 2, 4, 6, 8, 10) if step * power >= largest * (1 - 1e-9))
    return Axis(low=0.0, high=high, unit=unit)


def signed_axis(values: Iterable[float]) -> Axis:
    """For scores between −1 and 1: from the round quarter below the smallest, at most 0, to 1."""
    smallest = min(values, default=0.0)
    return Axis(low=min(0.0, math.floor(smallest * 2) / 2), high=1.0, unit=Unit.PLAIN)
