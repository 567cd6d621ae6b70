"""A mask as lists of voxels: everything after this works on foreground voxels only, however large the scan."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray

from evaluator.errors import VolumeRefused
from evaluator.records import Grid, Volume

Flat = NDArray[np.int32]
"""Fortran indices of a mask's voxels, ascending; `volumes.LARGEST_VOXELS` keeps them within 32 bits."""

CHUNK = 2**22  # a mask may fill the scan; its coordinates are never all in memory at once


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

    def members(self, position: int) -> NDArray[np.int64]:
        """Voxel indices of one object, shape (n, 3)."""
        return voxel_indices(self.flat[self.owner == position], self.grid)

    @cached_property
    def _sums(self) -> NDArray[np.float64]:
        """Sums of i, j, k and 1 over each object's voxels; whole numbers below 2**53, so exact."""
        sums = np.zeros((len(self.ids), 4))
        for start in range(0, len(self.flat), CHUNK):
            owner = self.owner[start : start + CHUNK]
            indices = voxel_indices(self.flat[start : start + CHUNK], self.grid)
            for axis in range(3):
                sums[:, axis] += np.bincount(owner, weights=indices[:, axis], minlength=len(self.ids))
            sums[:, 3] += np.bincount(owner, minlength=len(self.ids))
        return sums


def labelled(volume: Volume) -> Objects:
    """The objects of a label volume.

    Several labels are instances, numbered as they are, connected or not. A single label stands for all: its
    26-connected components are the objects (see `components`).

    Raises
    ------
    VolumeRefused
        A label is negative or not a whole number.
    """
    mask = volume.data != 0
    flat = foreground(mask)
    labels = values_at(flat, volume)
    if labels.dtype.kind not in "bu" and not ((labels >= 0) & (labels == np.floor(labels))).all():
        raise VolumeRefused(
            "A mask holds values that are no labels.",
            why=f"Labels are whole numbers from 0; these run from {labels.min():g} to {labels.max():g}.",
            next_step="Write integer labels: 0 for background, 1, 2, … for objects.",
        )
    if not len(labels) or labels.min() == labels.max():
        return components(mask, volume.grid)
    values, owner = np.unique(labels, return_inverse=True)
    return Objects(grid=volume.grid, flat=flat, owner=owner.astype(np.int32), ids=tuple(int(value) for value in values))


def components(mask: NDArray[np.bool_], grid: Grid) -> Objects:
    """The 26-connected components of a mask, numbered from 1 in the order of their first voxel (k, then j, then i)."""
    flat = foreground(mask)
    if not len(flat):
        return Objects(grid=grid, flat=flat, owner=np.zeros(0, dtype=np.int32), ids=())
    area = grid.shape[0] * grid.shape[1]
    slab = mask[:, :, flat[0] // area : flat[-1] // area + 1]
    i, j = np.nonzero(slab.any(axis=2))
    crop = slab[i.min() : i.max() + 1, j.min() : j.max() + 1]
    box = np.zeros(
        [side + 1 for side in crop.shape], dtype=bool, order="F"
    )  # cc3d 4.1.1 raises on some one-voxel-wide boxes
    box[:-1, :-1, :-1] = crop
    numbers, count = cc3d.connected_components(box, connectivity=26, return_N=True)
    owner = numbers.T.reshape(-1)[np.flatnonzero(box.T)].astype(np.int32) - 1
    return Objects(grid=grid, flat=flat, owner=owner, ids=tuple(range(1, count + 1)))


def foreground(mask: NDArray[np.bool_]) -> Flat:
    return np.flatnonzero(mask.T).astype(np.int32)


def values_at(flat: Flat, volume: Volume) -> NDArray[Any]:
    return volume.data.T.reshape(-1)[flat]


def locate(needles: Flat, haystack: Flat) -> NDArray[np.intp]:
    """Position of each voxel of one mask in another, -1 where it is not there."""
    if not len(haystack):
        return np.full(len(needles), -1, dtype=np.intp)
    found = np.minimum(np.searchsorted(haystack, needles), len(haystack) - 1)
    return np.where(haystack[found] == needles, found, -1)


def voxel_indices(flat: Flat, grid: Grid) -> NDArray[np.int64]:
    """Voxels as ``[i, j, k]``, shape (n, 3)."""
    return np.stack(np.unravel_index(flat, grid.shape, order="F"), axis=1)


def to_world(indices: NDArray[Any], grid: Grid) -> NDArray[np.float64]:
    """Voxel indices, shape (n, 3), as RAS millimetres."""
    points: NDArray[np.float64] = indices @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    return points
