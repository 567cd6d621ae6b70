"""Shapes in a patient's own space: a smooth warp bends the atlas, shapes are painted where the bent voxels fall."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from evaluator.synthetic.tissue import Tissue

Array = NDArray[np.float32]
Axes = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]
Box = tuple[slice, slice, slice]
REACH = (250.0, 200.0, 170.0)  # mm from the origin that fields cover
MARGIN = 16.0  # mm a warp may move anything
PIECE = 16  # samples of a curve measured at a time


@dataclass(frozen=True, eq=False)
class SmoothField:
    """A random field: cubic B-spline coefficients on a coarse lattice, evaluated on any rectilinear grid."""

    coefficients: NDArray[np.float32]
    step: float

    @classmethod
    def draw(cls, rng: np.random.Generator, *, step: float) -> SmoothField:
        sides = [int(2 * reach / step) + 4 for reach in REACH]
        return cls(rng.standard_normal(sides, dtype=np.float32) * np.float32(1.6), step)

    def on(self, axes: Axes) -> Array:
        """Values, of unit order, at every point of the grid the three axes span."""
        values: Array = self.coefficients
        for number in (2, 1, 0):  # the first axis last: its sums run over contiguous planes
            values = self._spread(values, axes[number], number)
        return values

    def _spread(self, values: Array, axis: NDArray[np.float64], number: int) -> Array:
        """From lattice to grid along one axis: each point is a weighted sum of four lattice neighbours."""
        position = np.clip((axis + REACH[number]) / self.step, 0, 2 * REACH[number] / self.step)
        first = position.astype(int)
        t = position - first
        weights = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
        shape = [1, 1, 1]
        shape[number] = len(axis)
        spread = np.zeros([*values.shape[:number], len(axis), *values.shape[number + 1 :]], dtype=np.float32)
        for offset, weight in enumerate(weights.astype(np.float32)):
            spread += weight.reshape(shape) * np.take(values, first + offset, axis=number)
        return spread


@dataclass(frozen=True, eq=False)
class Canvas:
    """Voxels of a rectilinear grid: where each lies in the atlas, and the tissue painted there so far."""

    axes: Axes  # atlas millimetres before bending, to find a shape's box
    x: Array
    y: Array
    z: Array
    tissue: NDArray[np.uint8]

    def box(self, low: Sequence[float], high: Sequence[float]) -> Box | None:
        """The voxels that a shape between two atlas corners can touch."""
        cuts = []
        for axis, least, most in zip(self.axes, low, high, strict=True):
            start, stop = np.searchsorted(axis, [least - MARGIN, most + MARGIN])
            if start == stop:
                return None
            cuts.append(slice(int(start), int(stop)))
        return cuts[0], cuts[1], cuts[2]

    def part(self, low: Sequence[float], high: Sequence[float]) -> Canvas | None:
        """A view of the voxels between two atlas corners; painting it paints this."""
        box = self.box(low, high)
        if box is None:
            return None
        x, y, z = (axis[cut] for axis, cut in zip(self.axes, box, strict=True))
        return Canvas((x, y, z), self.x[box], self.y[box], self.z[box], self.tissue[box])

    def put(self, tissue: Tissue, where: NDArray[np.bool_], box: Box) -> None:
        self.tissue[box][where] = tissue


@dataclass(frozen=True, kw_only=True)
class Ellipsoid:
    centre: tuple[float, float, float]
    radii: tuple[float, float, float]
    turn: float = 0.0  # degrees about the body's long axis

    def distance(self, canvas: Canvas) -> tuple[Array, Box] | None:
        """Normalised distance (1 on the surface) and the box it holds for."""
        reach = np.array([max(self.radii[:2])] * 2 + [self.radii[2]])
        box = canvas.box(np.array(self.centre) - reach, np.array(self.centre) + reach)
        if box is None:
            return None
        dx, dy = canvas.x[box] - self.centre[0], canvas.y[box] - self.centre[1]
        cos, sin = np.cos(np.radians(self.turn)), np.sin(np.radians(self.turn))
        u = (dx * cos + dy * sin) / self.radii[0]
        v = (dy * cos - dx * sin) / self.radii[1]
        w = (canvas.z[box] - self.centre[2]) / self.radii[2]
        return np.sqrt(u * u + v * v + w * w).astype(np.float32), box


@dataclass(frozen=True, eq=False)
class Tube:
    """A curve through points, as thick as its radii say; ``course`` is the share of its length at each sample."""

    points: NDArray[np.float64]
    radii: NDArray[np.float64]
    course: NDArray[np.float64]

    @classmethod
    def through(cls, knots: ArrayLike, radii: ArrayLike) -> Tube:
        given = np.asarray(knots, dtype=np.float64)
        along = np.concatenate([[0.0], np.linalg.norm(np.diff(given, axis=0), axis=1).cumsum()])
        sizes = np.broadcast_to(np.asarray(radii, dtype=np.float64), along.shape)
        fine = np.linspace(0, along[-1], max(int(along[-1] / 1.5), 2))
        return cls(CubicSpline(along, given, bc_type="natural")(fine), np.interp(fine, along, sizes), fine / along[-1])

    def nearest(self, canvas: Canvas, *, near: float = 1.0) -> tuple[Array, NDArray[np.intp], Box] | None:
        """Normalised distance, known up to ``near``; nearest sample of the curve; the box they hold for."""
        reach = self.radii.max() * near
        box = canvas.box(self.points.min(axis=0) - reach, self.points.max(axis=0) + reach)
        if box is None:
            return None
        shape = canvas.tissue[box].shape
        distance, nearest = np.full(shape, np.inf, dtype=np.float32), np.zeros(shape, dtype=np.intp)
        for start in range(0, len(self.points), PIECE):
            piece = slice(start, start + PIECE + 1)
            points, radii = self.points[piece], self.radii[piece]
            low, high = points.min(axis=0) - radii.max() * near, points.max(axis=0) + radii.max() * near
            if (cut := canvas.box(low, high)) is None:
                continue
            bent = (canvas.x[cut], canvas.y[cut], canvas.z[cut])
            close = np.ones(bent[0].shape, dtype=bool)
            for along, least, most in zip(bent, low, high, strict=True):
                close &= (along > least) & (along < most)
            away, sample = _nearest(np.stack([along[close] for along in bent], axis=-1), points)
            here = tuple(slice(a.start - b.start, a.stop - b.start) for a, b in zip(cut, box, strict=True))
            best, which = distance[here], nearest[here]
            found = (away / radii[sample]).astype(np.float32)
            better = found < best[close]
            best[close] = np.where(better, found, best[close])
            which[close] = np.where(better, sample + start, which[close])
        return distance, nearest, box


def _nearest(voxels: Array, points: NDArray[np.float64]) -> tuple[Array, NDArray[np.intp]]:
    """Distance to the nearest of a few points, and which: a table beats a tree here."""
    middle = points.mean(axis=0)  # float32 is precise enough about it
    ours, theirs = voxels - middle.astype(np.float32), (points - middle).astype(np.float32)
    squares = np.zeros((len(ours), len(theirs)), dtype=np.float32)
    for axis in range(3):
        squares += (ours[:, axis, None] - theirs[:, axis]) ** 2
    sample = squares.argmin(axis=1)
    return np.sqrt(np.take_along_axis(squares, sample[:, None], axis=1)[:, 0]), sample
