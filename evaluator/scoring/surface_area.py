"""Surfaces made of area elements, and the normalised surface Dice over them.

An element sits at a corner of the voxel grid, where eight voxels meet, and has the area of the surface between those
in and those out (see `surface_codes`). The corners are a grid of their own, one longer each way. Outside the scan is
background. Only lines of the grid that the mask touches are ever laid out, and of them no more than its width: far
specks cost a line each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from evaluator.errors import VolumeRefused
from evaluator.records import Grid
from evaluator.scoring.objects import CHUNK, Flat, to_world, voxel_indices
from evaluator.scoring.surface_codes import area_of_codes
from evaluator.scoring.surfaces import TOLERANCE_SLACK

BLOCK = 2**18  # corners coded at a time: what a core's own cache holds


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


@dataclass(frozen=True, kw_only=True, eq=False)
class _Lines:
    """A mask laid out along the lines of corners it touches.

    ``pairs`` has a row for each line with voxels, after a row of zeros for all others, and a column for each corner
    from ``left``: 16 for a voxel after the corner, 1 for one before. ``row`` is the row of each line of the corner
    grid, with ``margin`` lines before the first.
    """

    pairs: NDArray[np.uint8]
    left: int
    row: NDArray[np.intp]
    margin: int


def corner_grid(grid: Grid) -> Grid:
    """The grid of the voxels' corners. Corner ``[i, j, k]`` is half a voxel before voxel ``[i, j, k]`` on each axis.

    Raises
    ------
    VolumeRefused
        The corners are too many for `objects.Flat`, as they can be of a scan one voxel thin.
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
        The mask's voxels, as `objects.Flat`. Of none, there are no elements.
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
    columns, rows, _ = corners.shape
    lines = _lines(mask, grid)
    width = lines.pairs.shape[1]
    table = area_of_codes(grid.affine)
    touched = lines.row > 0
    for step in (1, rows, rows + 1):
        touched[step:] |= lines.row[:-step] > 0
    numbers = np.flatnonzero(touched)
    at_once = max(1, BLOCK // width)
    found, areas = [], []
    for start in range(0, len(numbers), at_once):
        here = numbers[start : start + at_once]
        code = lines.pairs[lines.row[here]]
        for step in (rows, 1, rows + 1):  # voxels before the corner on the third axis, the second, both
            code += code
            code += lines.pairs[lines.row[here - step]]
        code = code.reshape(-1)
        mixed = np.flatnonzero(code - np.uint8(1) < 254)  # neither 0 nor 255
        line = mixed // width
        found.append((here[line] - lines.margin) * columns + mixed - line * width + lines.left)
        areas.append(table[code[mixed]])
    return SurfaceElements(grid=corners, corners=np.concatenate(found).astype(np.int32), areas=np.concatenate(areas))


def element_distances(elements: SurfaceElements, others: SurfaceElements) -> NDArray[np.float64]:
    """Distance in mm from each element to the nearest of the others, shape (elements,); both surfaces not empty."""
    return _nearest(elements.corners, others.corners, elements.grid)


def nsd_area(
    *,
    reference: SurfaceElements,
    prediction: SurfaceElements,
    to_prediction: NDArray[np.float64],
    to_reference: NDArray[np.float64],
    tolerance: float,
) -> float:
    """Normalised surface Dice over area: the share of both surfaces' area that lies within ``tolerance`` of the other.

    What ``surface-distance`` and MONAI (``use_subvoxels=True``) compute, but for the slack in the tolerance and for
    sheared grids, of which they know the spacing only.

    Parameters
    ----------
    reference, prediction : SurfaceElements
        Surfaces of the two masks, on one grid; neither is empty, as in `surfaces.score_structure`.
    to_prediction, to_reference : ndarray of float64
        Distances in mm of the reference's elements to the prediction and of the prediction's to the reference, as
        `element_distances` gives them.
    tolerance : float
        mm; distances are compared with `surfaces.TOLERANCE_SLACK`.

    References
    ----------
    .. [1] Nikolov et al. Clinically applicable segmentation of head and neck anatomy for radiotherapy: deep learning
           algorithm development and validation study. J Med Internet Res 2021; arXiv 1809.04430.
    """
    limit = tolerance * (1 + TOLERANCE_SLACK)
    within = reference.areas[to_prediction <= limit].sum() + prediction.areas[to_reference <= limit].sum()
    return float(within / (reference.areas.sum() + prediction.areas.sum()))


def _nearest(queries: Flat, targets: Flat, grid: Grid) -> NDArray[np.float64]:
    ours, theirs = (to_world(voxel_indices(corners, grid), grid) for corners in (queries, targets))
    return np.asarray(KDTree(theirs).query(ours)[0])


def _lines(mask: Flat, grid: Grid) -> _Lines:
    rows, slices = grid.shape[1] + 1, grid.shape[2] + 1
    margin = rows + 1  # the first corners look back at voxels a row and a slice before
    held = np.zeros(margin + rows * slices, dtype=bool)
    left, right = grid.shape[0], 0
    for line, column in _lines_and_columns(mask, grid):
        held[line + margin] = True
        left, right = min(left, int(column.min())), max(right, int(column.max()))
    numbers = np.flatnonzero(held)
    row = np.zeros(len(held), dtype=np.intp)
    row[numbers] = np.arange(1, len(numbers) + 1)
    width = right - left + 2
    pairs = np.zeros((len(numbers) + 1) * width, dtype=np.uint8)
    for line, column in _lines_and_columns(mask, grid):
        corner = row[line + margin] * width + (column - left)
        pairs[corner] += 16
        pairs[corner + 1] += 1
    return _Lines(pairs=pairs.reshape(-1, width), left=left, row=row, margin=margin)


def _lines_and_columns(mask: Flat, grid: Grid) -> Iterator[tuple[Flat, Flat]]:
    """The line of corners just before each voxel, and its place there, some voxels at a time."""
    columns, rows, _ = grid.shape
    for start in range(0, len(mask), CHUNK):
        part = mask[start : start + CHUNK]
        line = part // columns
        yield line + line // rows, part - line * columns  # a slice has one line of corners more than of voxels
