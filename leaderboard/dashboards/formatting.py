"""How a number is written, in one place: one decimal for percentages, its interval in parentheses, never without its n.

A rate arrives as the report has it: ``{"value", "low", "high", "k", "n", "method"}``. What cannot be a number is words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

RateJson = Mapping[str, Any]
MINUS = "\N{MINUS SIGN}"
CALIBRATED = "locked"  # `operating_point.Status`, as it is stored


class Unit(Enum):
    """What a column is written in: the factor, and the word for a header."""

    PERCENT = "%"
    POINTS = "percentage points"
    PER_1000 = "per 1,000"
    PLAIN = ""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A number as a page shows it. ``words`` stand in its place where there is none; the floats are for drawing."""

    prefix: str = ""
    text: str = ""
    interval: str = ""
    counts: str = ""
    note: str = ""
    words: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None

    @property
    def sentence(self) -> str:
        """For screen readers and CSV: all of it in one line."""
        return self.words or " ".join(
            part for part in (self.prefix, self.text, self.interval, self.counts, self.note) if part
        )


def percent(value: float) -> str:
    """0.941 → "94.1"; near 0 or 100 as many decimals as say something: 0.0094 → "0.94", 0.99997 → "99.997"."""
    hundred = 100 * value
    rest = 100 - hundred
    if 1e-9 < hundred < 1:
        return f"{hundred:.{min(6, math.ceil(-math.log10(hundred)) + 1)}f}"
    if 1e-9 < rest < 0.1:
        return f"{hundred:.{min(6, math.ceil(-math.log10(rest)))}f}"
    return f"{hundred:.1f}"


def plain(value: float) -> str:
    return f"{value:.3f}".replace("-", MINUS)


def per_1000(value: float) -> str:
    return f"{value:,.1f}"


def points(value: float) -> str:
    """A difference of two percentages."""
    return f"{100 * value:.1f}".replace("-", MINUS)


def prevalence(value: float) -> str:
    """0.0001 → "0.01 %", with a space that does not break."""
    return f"{100 * value:.10g}\N{NO-BREAK SPACE}%"


WRITTEN = {Unit.PERCENT: percent, Unit.POINTS: points, Unit.PER_1000: per_1000, Unit.PLAIN: plain}


def number(value: float, unit: Unit) -> str:
    return WRITTEN[unit](value)


def interval(low: float | None, high: float | None, unit: Unit) -> str:
    if low is None or high is None:
        return ""
    dash = "–" if min(low, high) >= 0 else " to "
    return f"({number(low, unit)}{dash}{number(high, unit)})"


def rate(given: RateJson | None, *, unit: Unit = Unit.PERCENT, counts: str = "") -> Shown:
    """A rate of the report as a page shows it.

    Parameters
    ----------
    given : mapping or None
        The rate; None where the report has none.
    unit : Unit
        How it is written.
    counts : str
        What stands behind a number that carries no n of its own (PPV, AUC).
    """
    if given is None:
        return Shown(words="not available")
    method = str(given.get("method") or "")
    value, low, high, n = given.get("value"), given.get("low"), given.get("high"), given.get("n")
    if method.startswith("hidden"):
        return Shown(words=f"hidden ({method.partition(': ')[2]})")
    if n is not None:
        counts = f"n {n:,}"
    if value is None:
        if n == 0 or method == "no patients":
            return Shown(words="no patients", n=n)
        if low and high == 1:
            return Shown(prefix="at least", text=number(low, unit), counts=counts, low=low, high=high, n=n)
        return Shown(words=method or "not available", n=n)
    return Shown(
        text=number(value, unit),
        interval=interval(low, high, unit),
        counts=counts,
        value=value,
        low=low,
        high=high,
        n=n,
    )


def fraction(given: RateJson | None) -> str:
    """95/100, or nothing."""
    if not given or given.get("k") is None or not given.get("n"):
        return ""
    return f"{given['k']:,}/{given['n']:,}"


def threshold(point: Mapping[str, Any]) -> str:
    """Of a frozen operating point. One of calibration patients is a likelihood of one of them: two digits are shown."""
    return f"{point['threshold']:{'.2g' if point['status'] == CALIBRATED else '.6g'}}"


def point_sentence(point: Mapping[str, Any]) -> str:
    """The operating point's sentence, its threshold written as `threshold` has it."""
    sentence, exact = str(point["sentence"]), f"{point['threshold']:g}"
    return sentence.replace(f"above {exact},", f"above {threshold(point)},", 1)


def rank_band(low: int | None, high: int | None) -> str:
    if low is None or high is None:
        return "–"
    return str(low) if low == high else f"{low}–{high}"


def utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def how_long(duration: timedelta) -> str:
    """As a person says it: "4 min", "3 h 20 min", "2 days"."""
    seconds = max(0, int(duration.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86400:
        hours, minutes = divmod(seconds // 60, 60)
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    days = seconds // 86400
    return "1 day" if days == 1 else f"{days:,} days"


def hours(duration: timedelta) -> str:
    """What was used, to be added up: "12 s", "4 min", "3.4 h", "1,234.0 h", "none"."""
    if not duration:
        return "none"
    if duration < timedelta(hours=1):
        return how_long(duration)
    return f"{duration / timedelta(hours=1):,.1f} h"


def how_large(size: int) -> str:
    """Bytes, in decimal units: "1.2 GB"."""
    amount = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit in {"B", "kB"} else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def p_value(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
