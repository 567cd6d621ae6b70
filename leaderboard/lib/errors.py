"""The one error that pages show to a person: what happened, why, what to do next, and every fault found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One line of a list of faults."""

    what: str
    where: str = ""
    why: str = ""
    next_step: str = ""


class Refusal(Exception):
    """A service did not do what it was asked to, for a reason the person who asked can read."""

    status = 422  # of the answer to a program

    def __init__(self, what: str, *, why: str = "", next_step: str = "", faults: Sequence[Fault] = ()) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.next_step) if part)
