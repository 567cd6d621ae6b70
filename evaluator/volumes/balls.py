"""Balls on a grid: what stands for an object of which only place and volume are known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Grid, Point, Volume

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, kw_only=True)
class Ball:
    """``number`` is what its voxels hold."""

    number: int
    centre_mm: Point
    volume_ml: float

    @property
    def radius_mm(self) -> float:
        return float((3000 * self.volume_ml / (4 * math.pi)) ** (1 / 3))


def ball_voxels(grid: Grid, ball: Ball) -> tuple[Box, NDArray[np.bool_]]:
    """The part of the grid around a ball, and which of its voxel centres lie within; the nearest one in any case.

    Empty where the ball lies outside the grid.
    """
    inverse = np.linalg.inv(grid.affine)
    at = inverse[:3, :3] @ np.asarray(ball.centre_mm) + inverse[:3, 3]
    # Along an axis the ball reaches as far as the row of the inverse is long, also where axes are not at right angles.
    reach = np.linalg.norm(inverse[:3, :3], axis=1) * ball.radius_mm
    low = np.maximum(np.ceil(np.minimum(at - reach, np.rint(at))), 0).astype(int)
    high = np.minimum(np.floor(np.maximum(at + reach, np.rint(at))) + 1, grid.shape).astype(int)
    high = np.maximum(high, low)
    box = (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1])), slice(int(low[2]), int(high[2])))
    offsets = np.stack(np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"), axis=-1)
    away = np.linalg.norm((offsets - at) @ grid.affine[:3, :3].T, axis=-1)
    inside = away <= ball.radius_mm
    if away.size:
        inside[np.unravel_index(int(away.argmin()), away.shape)] = True
    return box, inside


def draw_balls(grid: Grid, balls: Sequence[Ball]) -> Volume:
    """Balls on the smallest part of the grid that holds them, later ones over earlier; one empty voxel without any."""
    drawn = [(ball, *ball_voxels(grid, ball)) for ball in balls]
    drawn = [one for one in drawn if one[2].size]
    starts = np.array([[side.start for side in box] for _, box, _ in drawn] or [[0, 0, 0]])
    stops = np.array([[side.stop for side in box] for _, box, _ in drawn] or [[1, 1, 1]])
    low, shape = starts.min(axis=0), stops.max(axis=0) - starts.min(axis=0)
    data = np.zeros(tuple(int(side) for side in shape), dtype=np.uint16, order="F")
    for ball, box, inside in drawn:
        here = tuple(
            slice(side.start - int(first), side.stop - int(first)) for side, first in zip(box, low, strict=True)
        )
        data[here][inside] = ball.number
    affine = grid.affine.copy()
    affine[:3, 3] += grid.affine[:3, :3] @ low
    return Volume(data, Grid((data.shape[0], data.shape[1], data.shape[2]), affine))
