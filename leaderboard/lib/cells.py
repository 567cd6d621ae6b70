"""Text on its way into a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """A spreadsheet must not take a name for a formula."""
    return f"'{text}" if text[:1] in FORMULAS else text


def csv_text(rows: Iterable[Sequence[str | float | None]]) -> str:
    """Rows as a table: text guarded, numbers to their last digit, None as nothing."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    for row in rows:
        lines.writerow(["" if one is None else cell(one) if isinstance(one, str) else repr(one) for one in row])
    return text.getvalue()
