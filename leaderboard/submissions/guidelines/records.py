"""What a guideline is made of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class By(Enum):
    """Who knows the answer."""

    PLATFORM = "platform"
    TEAM = "team"
    HOSPITALS = "hospitals"


@dataclass(frozen=True, kw_only=True)
class Topic:
    """``ask``: what a team is asked for."""

    key: str
    title: str
    by: By
    ask: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item of a checklist, by its published number and name; ``topics`` answer it together."""

    number: str
    name: str
    topics: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Guideline:
    name: str
    source: str
    items: tuple[Item, ...]


def items(*rows: tuple[str, str, str]) -> tuple[Item, ...]:
    """Of each item its number, its name, and the topics that answer it, one after the other."""
    return tuple(Item(number=number, name=name, topics=tuple(topics.split())) for number, name, topics in rows)
