"""Which published cells must be hidden so that few patients cannot be read off, not even by subtraction."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

Cell = TypeVar("Cell", bound=Hashable)
Shown = TypeVar("Shown", bound=Any)  # a rate or a mean: a frozen record of numbers and their method


def hidden_cells(
    counts: Mapping[Cell, int],
    *,
    sums: Iterable[Sequence[Cell]],
    minimum: int,
    together: Callable[[Iterable[int]], int] = sum,
) -> frozenset[Cell]:
    """The cells to hide: those below ``minimum``, and the next smallest wherever few could be subtracted out.

    Parameters
    ----------
    counts : mapping of cell to int
        Patients (the denominator) of each cell.
    sums : iterable of sequences of cells
        A whole, then the parts that make it up: any one count follows from the others, and so does what the parts
        that are hidden have together. Cells without a count are left out.
    minimum : int
        The smallest denominator that may be published; 0 hides nothing.
    together : callable
        How many patients parts have together, at least: ``sum``, or ``max`` where one patient may be in several.

    Returns
    -------
    frozenset
        Primary and complementary suppressions. Of every group none is hidden or two are, and where the whole is shown
        those hidden have nobody together or ``minimum`` patients.

    References
    ----------
    Cox LH. Suppression methodology and statistical disclosure control. JASA 1980;75:377–385.
    """
    hidden = {cell for cell, count in counts.items() if count < minimum}
    known = ([cell for cell in group if cell in counts] for group in sums if group[0] in counts)
    groups = [group for group in known if len(group) > 1]
    changed = bool(hidden)
    while changed:
        changed = False
        for group in groups:
            shown = [cell for cell in group if cell not in hidden]
            parts = [counts[cell] for cell in group[1:] if cell in hidden]
            few = bool(parts) and group[0] not in hidden and 0 < together(parts) < minimum
            if shown and (len(shown) == len(group) - 1 or few):
                hidden.add(min(reversed(shown), key=counts.__getitem__))  # of equals rather a part than the whole
                changed = True
    return frozenset(hidden)


def hide(record: Shown, *, minimum: int) -> Shown:
    """The same record without its numbers: what is shown in a hidden cell's place."""
    return blank(record, why=f"hidden: fewer than {minimum} patients")


def blank(record: Shown, *, why: str) -> Shown:
    """The same record without its numbers, and the reason as its method."""
    numbers = {field.name: None for field in fields(record) if field.name != "method"}
    return replace(record, **numbers, method=why)
