"""A tumour grown by a cellular automaton: it fills the gland, pushes into the fat around it, and spares the vessels.

Cells divide into free neighbours with a probability that follows the occupied share of the neighbourhood, the
tissue, and a random vigour; the step at which a cell was reached is kept, so an earlier scan of the same patient
shows an earlier state of the same tumour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from evaluator.synthetic.anatomy import Anatomy, in_patient, paint
from evaluator.synthetic.shapes import Axes, Box, SmoothField
from evaluator.synthetic.tissue import PANCREAS, Tissue

SMALLEST_MM = 2.0
MOST_STEPS = 400
CLOSED = 0.25  # share of a cell's neighbourhood that closes a gap
GROUND = (*PANCREAS, Tissue.FAT, Tissue.DUCT, Tissue.CYST)  # what a tumour may stand on in a scan
_DIRECTIONS = np.radians(np.arange(0, 180, 10))


@dataclass(frozen=True, kw_only=True, eq=False)
class Tumour:
    """Cells on a fine grid in patient millimetres, numbered by the step that reached them; 0 was never reached."""

    axes: Axes
    cell: float
    reached: NDArray[np.int16]
    diameters: tuple[float, ...]  # longest axial diameter after each step, mm
    course: float  # share of the pancreas' length, 0 uncinate process, 1 tail

    def at(self, diameter: float) -> NDArray[np.bool_]:
        """The cells of the earliest state that is at least this wide, gaps at its rim closed."""
        step = int(np.searchsorted(np.maximum.accumulate(self.diameters), diameter)) + 1
        state = (self.reached > 0) & (self.reached <= step)
        crowd = ndimage.uniform_filter(state.astype(np.float32), 3, mode="constant")
        return state | (crowd > CLOSED)


def grow(rng: np.random.Generator, *, anatomy: Anatomy, course: float, diameter: float) -> Tumour:
    """Grow from a seat on the pancreas' curve until the longest axial diameter reaches ``diameter`` mm."""
    curve = anatomy.pancreas.tube
    seat = in_patient(anatomy, curve.points[int(course * (len(curve.points) - 1))])
    cell = float(np.clip(diameter / 26, 0.7, 1.8))
    half = np.arange(-np.ceil((0.75 * diameter + 8) / cell), np.ceil((0.75 * diameter + 8) / cell) + 1) * cell
    axes = (seat[0] + half, seat[1] + half, seat[2] + half)
    tissue = paint(anatomy, axes)
    gland = np.isin(tissue, PANCREAS)
    room = _room(tissue, gland, bulge=(diameter - 10) / 2, cell=cell)
    vigour = np.exp(0.35 * SmoothField.draw(rng, step=max(diameter / 4, 5.0)).on(axes))

    alive = np.zeros(tissue.shape, dtype=bool)
    alive[_closest(gland, len(half) // 2)] = True
    reached = alive.astype(np.int16)
    diameters = [_longest(alive, axes)]
    while diameters[-1] < diameter and len(diameters) < MOST_STEPS:
        crowd = ndimage.uniform_filter(alive.astype(np.float32), 3, mode="constant")
        born = ~alive & (rng.random(alive.shape, dtype=np.float32) < 2.4 * crowd * room * vigour)
        alive |= born
        reached[born] = len(diameters) + 1
        diameters.append(_longest(alive, axes))
    return Tumour(axes=axes, cell=cell, reached=reached, diameters=tuple(diameters), course=course)


def cover(tumour: Tumour, *, diameter: float, axes: Axes, tissue: NDArray[np.uint8]) -> tuple[NDArray[np.float32], Box]:
    """The share of each voxel of a scan that the tumour fills at this diameter, and the box it holds for.

    Where a voxel's centre lies in a vessel, bowel or bone the share is 0. The voxels filled to the half or more are
    one piece, and at least one voxel.
    """
    box = _box(axes, tumour.axes)
    steps = [float(axis[1] - axis[0]) for axis in axes]
    cells = tumour.at(diameter).astype(np.float32)
    blurred = ndimage.uniform_filter(cells, [max(round(step / tumour.cell), 1) for step in steps], mode="constant")
    where = np.meshgrid(
        *((axis[cut] - origin[0]) / tumour.cell for axis, cut, origin in zip(axes, box, tumour.axes, strict=True)),
        indexing="ij",
    )
    share = ndimage.map_coordinates(blurred, where, order=1, mode="constant", cval=0.0).astype(np.float32)
    share *= np.isin(tissue[box], GROUND)
    if share.max() < 0.5:
        share[np.unravel_index(share.argmax(), share.shape)] = 0.5
    pieces, count = ndimage.label(share >= 0.5, structure=np.ones((3, 3, 3)))
    if count > 1:
        share[(pieces > 0) & (pieces != np.bincount(pieces.ravel())[1:].argmax() + 1)] = 0.0
    return share, box


def _room(tissue: NDArray[np.uint8], gland: NDArray[np.bool_], *, bulge: float, cell: float) -> NDArray[np.float32]:
    """How readily a cell takes root: at home in the gland, reluctantly in the fat it bulges into, nowhere else."""
    away = ndimage.distance_transform_edt(~gland, sampling=cell)
    fat = (tissue == Tissue.FAT) & (away <= max(bulge, 1.0))
    room: NDArray[np.float32] = gland.astype(np.float32) + np.float32(0.45) * fat
    return room


def _closest(gland: NDArray[np.bool_], middle: int) -> tuple[int, int, int]:
    cells = np.argwhere(gland)
    i, j, k = cells[((cells - middle) ** 2).sum(axis=1).argmin()]
    return int(i), int(j), int(k)


def _longest(alive: NDArray[np.bool_], axes: Axes) -> float:
    """The longest axial extent over a fan of directions, at least one cell."""
    i, j, k = np.nonzero(alive)
    order = np.argsort(k, kind="stable")
    starts = np.flatnonzero(np.diff(k[order], prepend=-1))
    along = axes[0][i[order], None] * np.cos(_DIRECTIONS) + axes[1][j[order], None] * np.sin(_DIRECTIONS)
    extent = np.maximum.reduceat(along, starts) - np.minimum.reduceat(along, starts)
    return max(float(extent.max()), float(axes[0][1] - axes[0][0]))


def _box(axes: Axes, local: Axes) -> Box:
    cuts = []
    for axis, inner in zip(axes, local, strict=True):
        step = axis[1] - axis[0]
        start, stop = np.searchsorted(axis, [inner[0] - step, inner[-1] + step])
        cuts.append(slice(int(start), int(stop)))
    return cuts[0], cuts[1], cuts[2]
