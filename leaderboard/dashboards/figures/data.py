"""A table as it is written, turned into one for programs: numbers as numbers, an interval's ends and counts apart."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

NUMBER = r"[-−]?\d[\d,]*(?:\.\d+)?"
LIMITS = re.compile(rf"\(?({NUMBER})(?:–| to )({NUMBER})\)?")
COUNTS = re.compile(rf"({NUMBER})(?: of |/)({NUMBER})")
SIZE = re.compile(rf"(?:n )?({NUMBER})(?: hosp\.)?")
Value = str | float | None

# Columns that become two, by their heads: what the two are called, and how a cell is taken apart.
APART: dict[str, tuple[tuple[str, str], re.Pattern[str]]] = {
    "95 % interval": (("low", "high"), LIMITS),
    "95 % interval of tumours": (("tumours, low", "tumours, high"), LIMITS),
    "one more hospital": (("one more hospital, low", "one more hospital, high"), LIMITS),
    "n": (("k", "n"), COUNTS),
    "tumours": (("tumours, k", "tumours"), COUNTS),
    "patients": (("patients, k", "patients"), COUNTS),
}


def as_data(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[list[Value]]:
    """The heads, then the rows. What is no number stays as it is written; a reason in place of an interval, too."""
    parts = [part_of(head, [row[at] for row in rows]) for at, head in enumerate(columns)]
    heads: list[Value] = [head for names, _ in parts for head in names]
    return [
        heads,
        *([value for (_, take), text in zip(parts, row, strict=True) for value in take(text)] for row in rows),
    ]


def part_of(head: str, cells: Sequence[str]) -> tuple[Sequence[str], Callable[[str], list[Value]]]:
    """A column's heads in the file, and what one of its cells becomes."""
    if head not in APART or not any(APART[head][1].fullmatch(text) for text in cells):
        return (head,), lambda text: [number(text)]
    names, pattern = APART[head]

    def take(text: str) -> list[Value]:
        found = pattern.fullmatch(text)
        if found:
            return [number(found[1]), number(found[2])]
        return [None, number(text)] if names[1] == head else [number(text), None]

    return names, take


def number(text: str) -> Value:
    found = SIZE.fullmatch(text)
    if not found:
        return text or None
    plain = found[1].replace(",", "").replace("−", "-")
    return float(plain) if "." in plain else int(plain)
