"""How far each voxel of one set lies from the nearest of another: exact, and cheap where the two lie close."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Grid
from evaluator.scoring.boxes import box_around
from evaluator.scoring.device import CPU, Device
from evaluator.scoring.transform import right_angled, transformed
from evaluator.scoring.voxels import CHUNK, Flat, chunks, to_world, voxel_indices

Distances = NDArray[np.float64]

_REACH = 4  # voxels to either side that are looked at one by one
_STEPS = 64
_MANY = 2**21  # queries or targets: to search would take longer than a transform


def nearest(queries: Flat, targets: Flat, grid: Grid, *, upto: float = math.inf, device: Device = CPU) -> Distances:
    """Distance from each query to the nearest target.

    The voxels around a query are looked up in the order of their distance; what has found nothing after some steps is
    searched for, by a KD-tree or on a GPU; millions are left to a distance transform.

    Parameters
    ----------
    queries, targets : ndarray of int32, shapes (n,) and (m,)
        Voxels of ``grid``; m > 0.
    upto : float
        In mm; what lies farther may be said to be infinitely far.
    device : Device
        Who searches for what lies far.

    Returns
    -------
    ndarray of float64, shape (n,)
        In mm, between voxel centres.
    """
    box = box_around(targets, grid, margin=2 * _REACH)  # whoever lies beyond it is farther than any shell
    distances = np.full(len(queries), np.inf)
    shells = _shells(np.ascontiguousarray(grid.affine[:3, :3], dtype=np.float64).tobytes())
    strides = [(shell.length, (shell.offsets @ box.strides).tolist()) for shell in shells if shell.length <= upto]
    for start in range(0, len(queries), CHUNK):
        indices = voxel_indices(queries[start : start + CHUNK], grid)
        left = np.flatnonzero(box.holds(indices, reach=_REACH))
        places = box.places(indices[left])
        for length, around in strides:
            met = box.marked[places + around[0]]
            for stride in around[1:]:
                met |= box.marked[places + stride]
            distances[left[met] + start] = length
            unmet = np.flatnonzero(~met)
            left, places = left[unmet], places[unmet]
            if not len(left):
                break
    if upto > shells[-1].length and len(far := np.flatnonzero(np.isinf(distances))):
        distances[far] = _far(queries[far], targets, grid, upto=upto, device=device)
    return distances


def _far(queries: Flat, targets: Flat, grid: Grid, *, upto: float, device: Device) -> Distances:
    if max(len(queries), len(targets)) > _MANY and right_angled(grid):
        return transformed(queries, targets, grid)
    goals = to_world(voxel_indices(targets, grid), grid)
    parts = (to_world(voxel_indices(some, grid), grid) for some in chunks(queries))
    return np.concatenate([device.search(points, goals, upto=upto) for points in parts])


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shell:
    """Index offsets, shape (n, 3), that are equally long in mm."""

    offsets: NDArray[np.int64]
    length: float


@lru_cache(maxsize=16)
def _shells(matrix: bytes) -> tuple[_Shell, ...]:
    """Shells around a voxel, nearest first; no offset that is shorter than the last is left out."""
    affine = np.frombuffer(matrix).reshape(3, 3)
    reach = np.arange(-_REACH, _REACH + 1)
    offsets = np.stack(np.meshgrid(reach, reach, reach, indexing="ij"), axis=-1).reshape(-1, 3)
    lengths = np.sqrt(((offsets @ affine.T) ** 2).sum(axis=1))
    # A voxel outside these offsets lies at least _REACH + 1 lattice planes away along some axis.
    planes = 1 / np.linalg.norm(np.linalg.inv(affine), axis=1)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] < (_REACH + 1) * planes.min()]
    ends = np.append(np.flatnonzero(np.diff(lengths[order])) + 1, len(order))
    shells = np.split(order, ends[ends <= _STEPS])[:-1]
    return tuple(_Shell(offsets=offsets[shell], length=float(lengths[shell[0]])) for shell in shells)
