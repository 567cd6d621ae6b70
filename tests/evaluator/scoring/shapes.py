"""Masks and grids that hypothesis draws for the scorer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from evaluator.records import Grid, StructureScore
from evaluator.scoring.structures import score_structure
from evaluator.scoring.voxels import foreground

Triple = tuple[int, int, int]
Mask = NDArray[np.bool_]

DISTANCES = ("hd", "hd95_pooled", "hd95_max", "assd_pooled", "masd")


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """Two masks on one grid, neither of them empty."""

    reference: Mask
    prediction: Mask
    grid: Grid

    def score(self, *tolerances: float) -> StructureScore:
        return score_structure(
            reference=foreground(self.reference),
            prediction=foreground(self.prediction),
            grid=self.grid,
            tolerances=tolerances or (2.0,),
        )


def spacings() -> st.SearchStrategy[tuple[float, float, float]]:
    """Voxel sizes in mm, up to eight times as long one way as another."""
    return st.tuples(st.floats(0.3, 2.0), *[st.floats(1.0, 8.0)] * 3).map(
        lambda drawn: (drawn[0] * drawn[1], drawn[0] * drawn[2], drawn[0] * drawn[3])
    )


@st.composite
def affines(draw: st.DrawFn) -> NDArray[np.float64]:
    """From straight to oblique to sheared; flipped or not, far from the origin or not."""
    affine = np.diag([*draw(spacings()), 1.0])
    kind = draw(st.sampled_from(["straight", "oblique", "sheared"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    if kind == "oblique":
        affine[:3, :3] = np.linalg.qr(rng.normal(size=(3, 3)))[0] @ affine[:3, :3]
    if kind == "sheared":
        affine[:3, :3] = (np.eye(3) + rng.uniform(-0.6, 0.6, (3, 3))) @ affine[:3, :3]
    affine[:3, 3] = rng.uniform(-500, 500, 3)
    return affine


@st.composite
def pairs(draw: st.DrawFn, *, largest: int = 9, grids: st.SearchStrategy[NDArray[np.float64]] | None = None) -> Pair:
    """Random masks, from one voxel to nearly all; boxes one voxel thin among them."""
    shape = draw(st.tuples(*[st.integers(1, largest)] * 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    masks = [rng.random(shape) < draw(st.sampled_from([0.0, 0.02, 0.2, 0.5, 0.95])) for _ in range(2)]
    for mask in masks:
        mask.flat[rng.integers(mask.size)] = True
    affine = draw(grids) if grids is not None else np.diag([*draw(spacings()), 1.0])
    return Pair(reference=masks[0], prediction=masks[1], grid=Grid(shape, affine))
