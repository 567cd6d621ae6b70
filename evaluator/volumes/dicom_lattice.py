"""Frames laid onto the slices of a grid: exact re-ordering in any order and orientation, never resampling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evaluator.records import Grid
from evaluator.volumes.grids import TOLERANCE_MM, grid_mismatch
from evaluator.volumes.header import FARTHEST_MM, by, make_grid, refused


@dataclass(frozen=True, kw_only=True, eq=False)
class Frames:
    """Parallel frames of one size. Vectors are RAS mm: a step across a column, a step down a row, each first pixel."""

    columns: int
    rows: int
    across: NDArray[np.float64]  # (3,)
    down: NDArray[np.float64]  # (3,)
    positions: NDArray[np.float64]  # (frames, 3)
    between: float  # mm from slice to slice as the header says; 0 if it does not

    @property
    def sensible(self) -> bool:
        """Whether there are pixels, and every number is one of millimetres on a scanner."""
        lengths = np.linalg.norm([self.across, self.down], axis=1)
        sizes = min(self.columns, self.rows) > 0 and 1e-6 < lengths.min() <= lengths.max() < FARTHEST_MM
        return bool(sizes and self.between < FARTHEST_MM and (np.abs(self.positions) < FARTHEST_MM).all())

    @property
    def corners(self) -> NDArray[np.float64]:
        """The centres of each frame's corner pixels: first, end of row, end of column, last; (frames, 4, 3)."""
        right, below = (self.columns - 1) * self.across, (self.rows - 1) * self.down
        reach: NDArray[np.float64] = np.array([np.zeros(3), right, below, right + below])
        return np.asarray(self.positions[:, np.newaxis] + reach)


@dataclass(frozen=True, kw_only=True, eq=False)
class Layout:
    """Where frames lie in a grid: the grid's axes along columns, rows and slices, and the slice of each frame."""

    axes: tuple[int, int, int]
    flipped: tuple[bool, bool]  # columns, rows
    slices: NDArray[np.int64]

    def turn(self, frame: NDArray[np.generic]) -> NDArray[np.generic]:
        """A frame (rows, columns) as the grid's slice has it."""
        frame = frame[:: -1 if self.flipped[1] else 1, :: -1 if self.flipped[0] else 1]
        return frame.T if self.axes[0] < self.axes[1] else frame

    def place(self, frame: int) -> tuple[int | slice, ...]:
        """The index of a frame's slice in the grid's array."""
        index: list[int | slice] = [slice(None)] * 3
        index[self.axes[2]] = int(self.slices[frame])
        return tuple(index)


def lay_into(frames: Frames, grid: Grid, *, what: str) -> Layout:
    """Find each frame's slice. Raises GridMismatch if a pixel is not within ``TOLERANCE_MM`` of a voxel of its own."""
    linear = grid.affine[:3, :3]
    steps = np.linalg.solve(linear, np.column_stack([frames.across, frames.down]))
    column_axis, row_axis = (int(axis) for axis in np.abs(steps).argmax(axis=0))
    if column_axis == row_axis:
        raise grid_mismatch(what, "Its frames do not lie along the slices.")
    slice_axis = 3 - column_axis - row_axis
    size = (grid.shape[column_axis], grid.shape[row_axis])
    if (frames.columns, frames.rows) != size:
        raise grid_mismatch(
            what, f"Its frames have {by((frames.columns, frames.rows))} pixels, expected {by(size)} (columns × rows)."
        )
    signs = np.sign(steps[[column_axis, row_axis], [0, 1]])
    _require_steps(frames, linear[:, [column_axis, row_axis]] * signs, what=what)

    index = np.zeros((len(frames.positions), 4, 3))  # of each frame's corners in the grid
    for axis, sign, far in ((column_axis, signs[0], [0, 1, 0, 1]), (row_axis, signs[1], [0, 0, 1, 1])):
        last = grid.shape[axis] - 1
        index[:, :, axis] = last * np.array(far) if sign > 0 else last * (1 - np.array(far))
    corners = frames.corners
    slices = np.rint(np.linalg.solve(linear, (corners[:, 0] - grid.affine[:3, 3]).T)[slice_axis])
    index[:, :, slice_axis] = slices[:, np.newaxis]
    off = np.linalg.norm(corners - (index @ linear.T + grid.affine[:3, 3]), axis=2).max(axis=1)
    worst = int(off.argmax())
    if not off[worst] <= TOLERANCE_MM:
        raise grid_mismatch(
            what, f"Frame {worst + 1} lies {off[worst]:.4g} mm off the nearest slice (tolerance {TOLERANCE_MM:g} mm)."
        )
    beyond, last = np.flatnonzero((slices < 0) | (slices >= grid.shape[slice_axis])), grid.shape[slice_axis] - 1
    if beyond.size:
        raise grid_mismatch(what, f"Frame {beyond[0] + 1} lies on slice {slices[beyond[0]]:g}, expected 0 to {last}.")
    return Layout(
        axes=(column_axis, row_axis, slice_axis),
        flipped=(bool(signs[0] < 0), bool(signs[1] < 0)),
        slices=slices.astype(np.int64),
    )


def own_grid(path: Path, frames: Frames) -> Grid:
    """The grid that the frames make: columns, rows, then slices along the normal. Raises VolumeRefused if irregular.

    Slices lie as far apart as the header says, some perhaps empty and left out; where it says nothing, none may be
    missing.
    """
    normal = np.cross(frames.across, frames.down)
    if not (length := float(np.linalg.norm(normal))):
        raise refused(path, "its frames have no normal")
    normal /= length
    depths = np.unique((frames.positions @ normal).round(6))
    gaps = np.diff(depths)
    gaps = gaps[gaps > TOLERANCE_MM]
    step = frames.between or (float(gaps.mean()) if gaps.size else 0.0)
    if not step:
        raise refused(path, "nothing says how far its slices lie apart")
    places = (depths - depths[0]) / step
    if (np.abs(places - np.rint(places)) * step > TOLERANCE_MM).any():
        raise refused(path, "its frames are not regularly spaced; read it on the grid of its CT")
    beside = (frames.positions - frames.positions[0]) @ (np.eye(3) - np.outer(normal, normal))
    if (np.linalg.norm(beside, axis=1) > TOLERANCE_MM).any():
        raise refused(path, "its frames are not stacked straight; read it on the grid of its CT")
    affine = np.eye(4)
    affine[:3, :3] = np.column_stack([frames.across, frames.down, normal * step])
    affine[:3, 3] = frames.positions[int((frames.positions @ normal).argmin())]
    return make_grid(path, (frames.columns, frames.rows, int(np.rint(places[-1])) + 1), affine)


def _require_steps(frames: Frames, expected: NDArray[np.float64], *, what: str) -> None:
    """Name a spacing or an orientation that carries the far pixel of a row or column off its voxel."""
    for name, step, along, count in (
        ("columns", frames.across, expected[:, 0], frames.columns),
        ("rows", frames.down, expected[:, 1], frames.rows),
    ):
        ours, theirs = float(np.linalg.norm(step)), float(np.linalg.norm(along))
        if abs(ours - theirs) * max(count - 1, 1) > TOLERANCE_MM:
            raise grid_mismatch(what, f"Its spacing of {name} is {ours:.7g} mm, expected {theirs:.7g} mm.")
        turned = float(np.linalg.norm(step / ours - along / theirs))
        if turned * theirs * max(count - 1, 1) > TOLERANCE_MM:
            degrees = float(np.degrees(2 * np.arcsin(min(1.0, turned / 2))))
            raise grid_mismatch(what, f"Its orientation differs: its {name} are turned by {degrees:.3g}°.")
