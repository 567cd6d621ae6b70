"""Where a number lies in a picture that is drawn without a browser: axes as plotly.js would make them, in points."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
NICE = (1, 2, 2.5, 5, 10)
MANY = 6  # ticks, at most, where the figure names none


@dataclass(frozen=True, kw_only=True)
class Scale:
    """One axis. ``low`` lies at ``start``, ``high`` at ``end``; of a logarithmic one they are exponents of ten."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False
    names: Sequence[str] = ()
    ticks: Sequence[tuple[float, str]] = field(default_factory=tuple)
    title: str = ""

    def number(self, value: Any) -> float:
        """A value of the data as the axis counts it: a category is its place."""
        if isinstance(value, str) and self.names:
            return float(self.names.index(value))
        given = float(value)
        return math.log10(given) if self.log else given

    def at(self, value: Any) -> float:
        return self.share((self.number(value) - self.low) / ((self.high - self.low) or 1.0))

    def share(self, part: float) -> float:
        """A place by its part of the axis, as "paper" coordinates have it."""
        return round(self.start + part * (self.end - self.start), 2)


def scale(given: Json, values: Sequence[Any], *, start: float, end: float) -> Scale:
    """An axis of a figure's layout over the values of its data."""
    title = str((given.get("title") or {}).get("text") or "")
    names = [str(name) for name in given.get("categoryarray") or ()]
    log = given.get("type") == "log"
    plain = Scale(low=0, high=1, start=start, end=end, log=log, names=names)
    numbers = [plain.number(value) for value in values if value is not None and not (log and float(value) <= 0)]
    if given.get("range") is not None:
        low, high = (float(value) for value in given["range"])
    else:
        low, high = min(numbers, default=0.0), max(numbers, default=1.0)
        room = 0.05 * ((high - low) or 1.0)
        low, high = low - room, high + room
    if given.get("autorange") == "reversed":
        low, high = high, low
    return Scale(
        low=low,
        high=high,
        start=start,
        end=end,
        log=log,
        names=names,
        ticks=_ticks(given, names, low, high),
        title=title,
    )


def _ticks(given: Json, names: Sequence[str], low: float, high: float) -> list[tuple[float, str]]:
    """Places on the axis, as it counts, with their words."""
    if given.get("tickvals") is not None:
        log = given.get("type") == "log"
        values = [math.log10(value) if log else float(value) for value in given["tickvals"]]
        texts = [str(text) for text in given.get("ticktext") or values]
        return list(zip(values, texts, strict=True))
    if names:
        return [(float(place), name) for place, name in enumerate(names)]
    first, last = min(low, high), max(low, high)
    step = nice_step(last - first)
    places = [step * number for number in range(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1)]
    return [(place, f"{round(place, 10):g}".replace("-", "\N{MINUS SIGN}")) for place in places]


def nice_step(length: float) -> float:
    """The round step that makes at most `MANY` ticks."""
    rough = (length or 1.0) / (MANY - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in NICE if power * factor >= rough * (1 - 1e-9))
