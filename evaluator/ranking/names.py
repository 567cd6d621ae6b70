"""Names that a person would read as one: they differ only by case, spaces or the way a letter is encoded."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable


def same_name(name: str) -> str:
    """What two spellings of one name have in common."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def collisions(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Of each name that has a twin, all spellings of it."""
    spellings: dict[str, list[str]] = {}
    for name in names:
        spellings.setdefault(same_name(name), []).append(name)
    return {name: tuple(sorted(twins)) for twins in spellings.values() if len(twins) > 1 for name in twins}
