"""Text on its way into a spreadsheet."""

from __future__ import annotations

FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def cell(text: str) -> str:
    """A spreadsheet must not take a name for a formula."""
    return f"'{text}" if text[:1] in FORMULAS else text
