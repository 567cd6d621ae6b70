from __future__ import annotations

import math

import numpy as np
import pytest

from evaluator.records import Grid
from evaluator.volumes import Ball, ball_voxels, draw_balls
from tests.phantoms import make_grid

GRID = make_grid((20, 20, 20))
SEVEN = 4 / 3 * math.pi * 1.1**3 / 1000  # mL of a ball of 1.1 mm: a voxel and its six neighbours


def test_a_ball_of_a_voxel_and_its_neighbours() -> None:
    box, inside = ball_voxels(GRID, Ball(number=1, centre_mm=(10.0, 10.0, 10.0), volume_ml=SEVEN))
    assert box == (slice(9, 12),) * 3
    assert inside.sum() == 7
    assert inside[1, 1, 1]
    assert not inside[0, 0, 1]


def test_a_ball_smaller_than_a_voxel_is_the_nearest_one() -> None:
    box, inside = ball_voxels(GRID, Ball(number=1, centre_mm=(3.4, 5.6, 7.4), volume_ml=1e-6))
    assert [side.start for side in box] == [3, 6, 7]
    assert inside.sum() == 1


def test_its_volume_is_right_on_any_grid() -> None:
    turned = np.diag([-0.7, 0.7, 2.5, 1.0])
    turned[:3, 3] = (300.0, -40.0, -900.0)
    oblique = np.eye(4)
    oblique[:3, :3] = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]]) @ np.diag([0.8, 0.9, 1.5])
    for affine in (turned, oblique):
        grid = Grid((90, 90, 60), affine)
        centre = tuple(float(value) for value in affine[:3, :3] @ (45, 45, 30) + affine[:3, 3])
        _, inside = ball_voxels(grid, Ball(number=1, centre_mm=(centre[0], centre[1], centre[2]), volume_ml=4.0))
        assert inside.sum() * grid.voxel_ml == pytest.approx(4.0, rel=0.03)


def test_a_ball_at_the_edge_is_cut_and_one_outside_is_empty() -> None:
    _, cut = ball_voxels(GRID, Ball(number=1, centre_mm=(0.0, 10.0, 10.0), volume_ml=SEVEN))
    assert cut.sum() == 6
    _, none = ball_voxels(GRID, Ball(number=1, centre_mm=(-500.0, 10.0, 10.0), volume_ml=SEVEN))
    assert none.size == 0


def test_balls_are_drawn_on_the_smallest_part_of_the_grid_under_their_numbers() -> None:
    grid = make_grid((20, 20, 20), (2.0, 2.0, 2.0), (100.0, 0.0, 0.0))
    centre = (100.0 + 2 * 4, 2 * 5.0, 2 * 6.0)
    ball = Ball(number=1, centre_mm=centre, volume_ml=SEVEN * 8)
    other = Ball(number=2, centre_mm=(centre[0] + 8, centre[1], centre[2]), volume_ml=SEVEN * 8)
    drawn = draw_balls(grid, [ball, other])
    assert drawn.data.shape == (7, 3, 3)
    assert np.unique(drawn.data, return_counts=True)[1].tolist() == [63 - 14, 7, 7]
    assert drawn.data[1, 1, 1] == 1
    assert drawn.data[5, 1, 1] == 2
    assert (drawn.grid.affine[:3, :3] @ (1, 1, 1) + drawn.grid.affine[:3, 3]).tolist() == list(centre)


def test_without_a_ball_there_is_one_empty_voxel() -> None:
    drawn = draw_balls(GRID, [])
    assert drawn.data.shape == (1, 1, 1)
    assert not drawn.data.any()
