"""Surfaces made of area elements, and the normalised surface Dice over them.

An element sits at a corner of the voxel grid, where eight voxels meet, and has the area of the surface between those
in and those out (see `surface_codes`). The corners are a grid of their own, one longer each way. Outside the scan is
background.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import VolumeRefused
from evaluator.records import Grid
from evaluator.scoring.device import CPU, Device
from evaluator.scoring.lines import lay_out
from evaluator.scoring.nearest import Distances, nearest
from evaluator.scoring.surface_codes import area_of_codes
from evaluator.scoring.surfaces import TOLERANCE_SLACK
from evaluator.scoring.voxels import Flat


@dataclass(frozen=True, kw_only=True, eq=False)
class SurfaceElements:
    """The surface of one mask.

    Attributes
    ----------
    grid : Grid
        Where the corners of voxels lie: `corner_grid` of the mask's grid.
    corners : ndarray of int32, shape (n,)
        Corners that the surface passes, as Fortran indices on ``grid``, ascending.
    areas : ndarray of float64, shape (n,)
        Surface at each, mm²; above 0.
    """

    grid: Grid
    corners: Flat
    areas: NDArray[np.float64]


def corner_grid(grid: Grid) -> Grid:
    """The grid of the voxels' corners. Corner ``[i, j, k]`` is half a voxel before voxel ``[i, j, k]`` on each axis.

    Raises
    ------
    VolumeRefused
        The corners are too many for `voxels.Flat`, as they can be of a scan one voxel thin.
    """
    shape = (grid.shape[0] + 1, grid.shape[1] + 1, grid.shape[2] + 1)
    if math.prod(shape) > 2**31:
        raise VolumeRefused(
            "A mask is too large to measure its surface area.",
            why=f"Its grid of {' × '.join(map(str, grid.shape))} voxels has more than {2**31} corners.",
            next_step="Cut the scan into parts.",
        )
    affine = grid.affine.copy()
    affine[:3, 3] -= affine[:3, :3].sum(axis=1) / 2
    return Grid(shape, affine)


def surface_elements(mask: Flat, grid: Grid) -> SurfaceElements:
    """The surface of a mask as elements with an area.

    Parameters
    ----------
    mask : ndarray of int32, shape (n,)
        The mask's voxels, as `voxels.Flat`. Of none, there are no elements.
    grid : Grid
        The grid of the mask; oblique and sheared ones too.

    Raises
    ------
    VolumeRefused
        See `corner_grid`.
    """
    corners = corner_grid(grid)
    if not len(mask):
        return SurfaceElements(grid=corners, corners=mask, areas=np.zeros(0))
    columns, rows, _ = corners.shape  # a line of corners lies before each line of voxels and after the last
    lines = lay_out(mask, grid)
    pairs = 16 * lines.cells[:, 1:] + lines.cells[:, :-1]  # of the voxels after a corner and before it
    width = pairs.shape[1]
    table = area_of_codes(grid.affine)
    touched = lines.row > 0
    for step in (1, rows, rows + 1):
        touched[step:] |= lines.row[:-step] > 0
    found, areas = [], []
    for here in lines.blocks(np.flatnonzero(touched)):
        code = pairs[lines.row[here]]
        for step in (rows, 1, rows + 1):  # voxels before the corner on the third axis, the second, both
            code += code
            code += pairs[lines.row[here - step]]
        code = code.reshape(-1)
        mixed = np.flatnonzero(code - np.uint8(1) < 254)  # neither 0 nor 255
        line = mixed // width
        found.append((here[line] - lines.margin) * columns + mixed - line * width + lines.left + 1)
        areas.append(table[code[mixed]])
    return SurfaceElements(grid=corners, corners=np.concatenate(found).astype(np.int32), areas=np.concatenate(areas))


@dataclass(frozen=True, kw_only=True, eq=False)
class AreaDistances:
    """Two surfaces, and the distance in mm from each element of one to the nearest of the other, both ways.

    Distances beyond the largest tolerance that was asked for are infinite.
    """

    reference: SurfaceElements
    prediction: SurfaceElements
    to_prediction: Distances
    to_reference: Distances

    def nsd(self, tolerance: float) -> float:
        """Normalised surface Dice over area: the share of both surfaces' area within ``tolerance`` mm of the other.

        What ``surface-distance`` and MONAI (``use_subvoxels=True``) compute, but for the slack in the tolerance and for
        sheared grids, of which they know the spacing only (Nikolov et al. 2021, arXiv 1809.04430).
        """
        limit = tolerance * (1 + TOLERANCE_SLACK)
        ours, theirs = self.reference.areas, self.prediction.areas
        within = ours[self.to_prediction <= limit].sum() + theirs[self.to_reference <= limit].sum()
        return float(within / (ours.sum() + theirs.sum()))


def area_distances(
    *, reference: Flat, prediction: Flat, grid: Grid, tolerance: float, device: Device = CPU
) -> AreaDistances:
    """Distances of up to ``tolerance`` mm between the surface elements of two masks that are not empty."""
    upto = tolerance * (1 + TOLERANCE_SLACK)
    ours, theirs = surface_elements(reference, grid), surface_elements(prediction, grid)
    return AreaDistances(
        reference=ours,
        prediction=theirs,
        to_prediction=nearest(ours.corners, theirs.corners, ours.grid, upto=upto, device=device),
        to_reference=nearest(theirs.corners, ours.corners, ours.grid, upto=upto, device=device),
    )
