"""Bootstrap of patients with all their scans, for what is counted over findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from evaluator.statistics.bootstrap import draws
from evaluator.statistics.marks import Floats, Marks

ROWS = 16  # of a chunk at once: what fits the processor's cache


class Redrawn(Protocol):
    """What is counted in every replicate."""

    @property
    def width(self) -> int:
        """How many numbers it holds for each replicate."""

    def add(self, weights: Floats) -> None:
        """A few replicates more: how often each scan counts, (replicates, scans)."""


def redraw(marks: Marks, parts: Sequence[Redrawn], *, rng: np.random.Generator, replicates: int) -> None:
    """Draw patients once, for everything that is counted over the same scans."""
    if not parts:
        return
    width = max(part.width for part in parts)
    for weights in patient_draws(marks, rng=rng, replicates=replicates, width=width):
        for part in parts:
            part.add(weights)


def patient_draws(marks: Marks, *, rng: np.random.Generator, replicates: int, width: int) -> Iterator[Floats]:
    """How often each scan counts, a few replicates at a time.

    Parameters
    ----------
    marks : Marks
        Scans; patients are redrawn within hospital and truth.
    rng : numpy.random.Generator
        Of the draws.
    replicates : int
        How many in all.
    width : int
        How many numbers the caller holds for each replicate.

    Yields
    ------
    ndarray of float, shape (16 or fewer, scans)
        Whole numbers.

    References
    ----------
    Samuelson FW, Petrick N. Comparing image detection algorithms using resampling. ISBI 2006:1312–1315.
    """
    code = {patient: number for number, patient in enumerate(dict.fromkeys(marks.patients))}
    of = np.array([code[patient] for patient in marks.patients])
    stratum = dict(zip(marks.patients, marks.strata, strict=True))
    kinds = {kind: number for number, kind in enumerate(dict.fromkeys(stratum.values()))}
    strata = [kinds[stratum[patient]] for patient in code]
    for times in draws(strata, rng=rng, replicates=replicates, width=max(width, len(of))):
        for first in range(0, len(times), ROWS):
            yield times[first : first + ROWS, of]
