"""What a hospital that joins has to write down."""

from __future__ import annotations

from dataclasses import dataclass

from evaluator.cohort import DESCRIBED


@dataclass(frozen=True, kw_only=True)
class ColumnOfCases:
    name: str
    holds: str


def cohort_columns() -> list[ColumnOfCases]:
    """Of ``cases.csv``, as the check reads it."""
    return [ColumnOfCases(name=name, holds=holds) for name, holds in DESCRIBED.items()]
