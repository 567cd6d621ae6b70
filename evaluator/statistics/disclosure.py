"""Which published cells must be hidden so that few patients cannot be read off, not even by subtraction."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

Cell = TypeVar("Cell", bound=Hashable)
Shown = TypeVar("Shown", bound=Any)  # a rate or a mean: a frozen record of numbers and their method


def hidden_cells(counts: Mapping[Cell, int], *, sums: Iterable[Sequence[Cell]], minimum: int) -> frozenset[Cell]:
    """The cells to hide: those below ``minimum``, and the next smallest wherever one could be subtracted out.

    Parameters
    ----------
    counts : mapping of cell to int
        Patients (the denominator) of each cell.
    sums : iterable of sequences of cells
        Groups in which any one count follows from the others: a whole and the parts that make it up.
    minimum : int
        The smallest denominator that may be published; 0 hides nothing.

    Returns
    -------
    frozenset
        Primary and complementary suppressions; a second hidden cell in every group that has one.

    References
    ----------
    Cox LH. Suppression methodology and statistical disclosure control. JASA 1980;75:377–385.
    """
    hidden = {cell for cell, count in counts.items() if count < minimum}
    groups = [tuple(group) for group in sums]
    changed = bool(hidden)
    while changed:
        changed = False
        for group in groups:
            shown = [cell for cell in group if cell not in hidden]
            if len(shown) == len(group) - 1 and shown:
                hidden.add(min(reversed(shown), key=counts.__getitem__))  # of equals rather a part than the whole
                changed = True
    return frozenset(hidden)


def hide(record: Shown, *, minimum: int) -> Shown:
    """The same record without its numbers: what is shown in a hidden cell's place."""
    numbers = {field.name: None for field in fields(record) if field.name != "method"}
    return replace(record, **numbers, method=f"hidden: fewer than {minimum} patients")
