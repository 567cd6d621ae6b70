"""Lesion candidates as picai_eval extracts them: its companion report_guided_annotation 0.3.4, on lists of voxels.

Bosma et al. 2023, "Semisupervised learning with report-guided pseudo labels for deep learning-based prostate cancer
detection using biparametric MRI", Radiology: Artificial Intelligence 5(5), e230031. Values are compared as float32, as
picai_eval hands them over; voxels connect by 26 neighbours; a candidate has more than 10 voxels.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Grid, Volume
from evaluator.scoring.objects import Objects, components
from evaluator.scoring.voxels import Flat, foreground, values_at

SMALL = 10
"""A candidate of at most so many voxels is none."""

MOST_CANDIDATES = 5
PEAK_TO_EDGE = np.float32(2.5)
FAINTEST_PEAK = np.float32(0.01)

Values = NDArray[np.float32]
Places = NDArray[np.intp]


def static(volume: Volume, least: float) -> Objects:
    """Every component of values from ``least`` on that is not small."""
    flat, values = _read(volume, np.float32(least))
    return _gather(volume.grid, [flat[places] for places in _candidates(flat, values, volume.grid)])


def dynamic_fast(volume: Volume) -> Objects:
    """Every component of values from the map's maximum / 2.5 on that is not small."""
    return static(volume, float(np.float32(volume.data.max()) / PEAK_TO_EDGE))


def dynamic(volume: Volume, *, past_small: bool = False) -> Objects:
    """Up to five candidates, each from its own peak down to the peak / 2.5.

    The threshold is the highest value left / 2.5. Of the components from there on that are not small, the one with the
    highest peak is taken out of the map; it becomes a candidate unless it touches one already found, as the rim of a
    candidate does once the threshold has fallen. This goes on until there are five or the highest value left is below
    0.01.

    Parameters
    ----------
    volume : Volume
        A detection map.
    past_small : bool
        What happens where all components at a threshold are small: `picai-dynamic` ends there, however many peaks are
        left elsewhere; `picai-dynamic-v2` takes them out and goes on.
    """
    flat, left = _read(volume, FAINTEST_PEAK / PEAK_TO_EDGE)
    found: list[Flat] = []
    while len(found) < MOST_CANDIDATES and (peak := left.max(initial=0)) >= FAINTEST_PEAK:
        edge = peak / PEAK_TO_EDGE
        marked = np.flatnonzero(left >= edge)
        places = next(_candidates(flat[marked], left[marked], volume.grid), None)
        if places is not None:
            candidate = flat[marked[places]]
            left[marked[places]] = 0
            if not _touches(candidate, found, volume.grid):
                found.append(candidate)
        elif past_small:
            left[left > edge] = 0
        else:
            break
    return _gather(volume.grid, found)


def _read(volume: Volume, least: np.float32) -> tuple[Flat, Values]:
    """The voxels from ``least`` on and above 0, and their values."""
    flat = foreground(volume.data >= least * (1 - 1e-6) if least > 0 else volume.data > 0)
    values = values_at(flat, volume).astype(np.float32)
    kept = (values >= least) & (values > 0)
    return flat[kept], values[kept]


def _candidates(flat: Flat, values: Values, grid: Grid) -> Iterator[Places]:
    """Where in the list the components lie that are not small: the highest peak first, else the first voxel first."""
    objects = components(flat, grid)
    large = np.flatnonzero(np.bincount(objects.owner, minlength=len(objects.ids)) > SMALL)
    peaks = np.zeros(len(objects.ids), dtype=np.float32)
    np.maximum.at(peaks, objects.owner, values)
    for number in large[np.argsort(-peaks[large], kind="stable")]:
        yield np.flatnonzero(objects.owner == number)


def _touches(candidate: Flat, found: list[Flat], grid: Grid) -> bool:
    """Whether a component touches one of some that do not touch each other."""
    return len(components(np.sort(np.concatenate([candidate, *found])), grid).ids) <= len(found)


def _gather(grid: Grid, found: list[Flat]) -> Objects:
    """Candidates as objects, numbered in the order in which they were found."""
    flat = np.concatenate([np.zeros(0, dtype=np.int32), *found])
    owner = np.repeat(np.arange(len(found), dtype=np.int32), [len(one) for one in found])
    order = np.argsort(flat)
    return Objects(grid=grid, flat=flat[order], owner=owner[order], ids=tuple(range(1, len(found) + 1)))
