"""How the commands print a rate: value, interval, counts."""

from __future__ import annotations

from evaluator.records import Rate
from evaluator.statistics.block import MeanScore


def show(number: Rate | MeanScore, *, scale: float = 1, digits: int = 1) -> str:
    """ "95.0 (88.8–97.8) 95/100"; "at least" where only a lower end is known; words where there is no number."""
    low, high = number.low, number.high
    if low is None or high is None:
        return number.method if number.value is None else f"{scale * number.value:.{digits}f}"
    if number.value is None:
        return f"at least {scale * low:.{digits}f}"
    text = f"{scale * number.value:.{digits}f} ({scale * low:.{digits}f}–{scale * high:.{digits}f})"
    if isinstance(number, Rate) and number.k is not None:
        return f"{text} {number.k}/{number.n}"
    return text
