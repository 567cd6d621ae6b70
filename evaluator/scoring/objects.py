"""A mask's objects: numbered, each with its voxels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray

from evaluator.errors import VolumeRefused
from evaluator.records import Grid, Volume
from evaluator.scoring.boxes import box_around
from evaluator.scoring.runs import Connectivity, find_runs, in_order, join_runs
from evaluator.scoring.voxels import Flat, foreground, to_world, values_at, voxel_indices

_MANY_RUNS = 2**20  # noise: links between runs would take more memory than the box


@dataclass(frozen=True, kw_only=True, eq=False)
class Objects:
    """The numbered objects of one mask.

    Attributes
    ----------
    grid : Grid
        Where the voxels lie.
    flat : ndarray of int32, shape (n,)
        The mask's voxels.
    owner : ndarray of int32, shape (n,)
        Which object each voxel belongs to, as a position in ``ids``.
    ids : tuple of int
        The objects' identifiers, from 1.
    """

    grid: Grid
    flat: Flat
    owner: NDArray[np.int32]
    ids: tuple[int, ...]

    @cached_property
    def sizes(self) -> NDArray[np.float64]:
        """Voxels of each object."""
        return self._sums[:, 3]

    @cached_property
    def volumes_ml(self) -> NDArray[np.float64]:
        return self.sizes * self.grid.voxel_ml

    @cached_property
    def centres_mm(self) -> NDArray[np.float64]:
        """Mean of each object's voxel centres in RAS millimetres, shape (objects, 3)."""
        return to_world(self._sums[:, :3] / self._sums[:, 3:], self.grid)

    def members(self, position: int) -> Flat:
        """Voxels of one object."""
        return self.flat[self._by_owner[self._ends[position] : self._ends[position + 1]]]

    @cached_property
    def _by_owner(self) -> NDArray[np.intp]:
        return np.argsort(self.owner.astype(np.min_scalar_type(len(self.ids))), kind="stable")

    @cached_property
    def _ends(self) -> NDArray[np.intp]:
        return np.concatenate([[0], np.cumsum(np.bincount(self.owner, minlength=len(self.ids)))])

    @cached_property
    def _sums(self) -> NDArray[np.float64]:
        """Sums of i, j, k and 1 over each object's voxels; whole and half numbers below 2**52, so exact."""
        runs = find_runs(self.flat, self.grid, self.owner)
        middle = (voxel_indices(runs.first, self.grid) + voxel_indices(runs.last, self.grid)) / 2
        each = np.column_stack([middle * runs.length[:, np.newaxis], runs.length])
        sums = np.zeros((len(self.ids), 4))
        for column in range(4):
            sums[:, column] = np.bincount(self.owner[runs.starts], weights=each[:, column], minlength=len(self.ids))
        return sums


def labelled(volume: Volume, *, connectivity: Connectivity = 26) -> Objects:
    """The objects of a label volume.

    Several labels are instances, numbered as they are, connected or not. A single label stands for all: its
    connected components are the objects (see `components`).

    Raises
    ------
    VolumeRefused
        A label is negative or not a whole number.
    """
    flat = foreground(volume.data)
    labels = values_at(flat, volume)
    require_labels(labels)
    if not len(labels) or labels.min() == labels.max():
        return components(flat, volume.grid, connectivity=connectivity)
    values, owner = np.unique(labels, return_inverse=True)
    return Objects(grid=volume.grid, flat=flat, owner=owner.astype(np.int32), ids=tuple(int(value) for value in values))


def require_labels(labels: NDArray[Any]) -> None:
    """Raise VolumeRefused unless every value is a whole number from 0."""
    if labels.dtype.kind in "bu" or not len(labels):
        return
    least, most = float(labels.min()), float(labels.max())
    whole = labels.dtype.kind == "i" or (math.isfinite(most) and (labels == np.floor(labels)).all())
    if not (least >= 0 and whole):
        raise VolumeRefused(
            "A mask holds values that are no labels.",
            why=f"Labels are whole numbers from 0; these run from {least:g} to {most:g}.",
            next_step="Write integer labels: 0 for background, 1, 2, … for objects.",
        )


def components(flat: Flat, grid: Grid, *, connectivity: Connectivity = 26) -> Objects:
    """The connected components of a mask, numbered from 1 in the order of their first voxel (k, then j, then i)."""
    runs = find_runs(flat, grid)
    if len(runs.first) <= _MANY_RUNS:
        owner = np.repeat(join_runs(runs, grid, connectivity=connectivity), runs.length)
    else:
        box = box_around(flat, grid, margin=1)
        marked = box.marked.reshape(box.side, order="F")
        numbers = cc3d.connected_components(marked, connectivity=connectivity).T.reshape(-1)
        owner = in_order(numbers[np.flatnonzero(box.marked)])
    count = int(owner.max(initial=-1)) + 1
    return Objects(grid=grid, flat=flat, owner=owner, ids=tuple(range(1, count + 1)))
