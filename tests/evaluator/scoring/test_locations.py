"""Which organ a lesion lies in, by counting."""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.records import Grid, Volume
from evaluator.scoring.locations import Places
from evaluator.scoring.voxels import foreground
from tests.phantoms import Box, make_grid, make_volume

NAMES = {1: "head", 2: "body", 3: "tail"}


def location(lesion: Box, *organs: Box, names: dict[int, str] | None = NAMES, grid: Grid | None = None) -> str | None:
    grid = grid or make_grid()
    voxels = foreground(make_volume(lesion, grid=grid).data)
    centre = np.array(lesion.low) + (np.array(lesion.size) - 1) / 2
    world = grid.affine[:3, :3] @ centre + grid.affine[:3, 3]
    return Places(grid, make_volume(*organs, grid=grid), names).of(voxels, world)


LESION = Box((4, 4, 4), (4, 1, 1))


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [(5, "tail"), (6, "head"), (7, "head")],  # 1, 2 or 3 of the four voxels lie in the head; a tie goes to the lower
)
def test_most_of_a_lesion_decides_and_a_tie_goes_to_the_lower_label(boundary: int, expected: str) -> None:
    organs = (Box((0, 0, 0), (boundary, 24, 12), 1), Box((boundary, 0, 0), (24 - boundary, 24, 12), 3))
    assert location(LESION, *organs) == expected


def test_one_voxel_in_an_organ_outweighs_all_that_lies_in_none() -> None:
    assert location(LESION, Box((7, 4, 4), (1, 1, 1), 2), Box((0, 0, 0), (4, 24, 12), 1)) == "body"


def test_an_organ_without_a_name_is_none_even_as_the_nearest() -> None:
    organs = (Box((3, 4, 4), (5, 1, 1), 9), Box((20, 4, 4), (2, 2, 2), 3))
    assert location(LESION, *organs) == "tail"
    assert location(LESION, *organs, names=None) == "9"
    assert location(LESION, Box((3, 4, 4), (5, 1, 1), 9)) is None


def test_the_nearest_organ_is_the_one_nearest_to_the_centre_in_millimetres() -> None:
    thick = make_grid(spacing=(1.0, 1.0, 5.0), origin=(-100.0, 40.0, 7.0))
    head, tail = Box((5, 4, 6), (1, 1, 1), 1), Box((13, 4, 4), (1, 1, 1), 3)
    assert location(LESION, head, tail, grid=thick) == "tail"  # the head is two slices, 10 mm, away; the tail 7.5 mm
    assert location(LESION, head, tail) == "head"


def test_the_nearest_organ_is_found_from_inside_a_hollow_one() -> None:
    shell = make_volume(Box((2, 2, 2), (9, 9, 9), 1), Box((3, 3, 3), (7, 7, 7), 0), Box((18, 2, 2), (3, 3, 3), 2))
    places = Places(shell.grid, Volume(np.asfortranarray(shell.data), shell.grid), NAMES)
    assert places.of(foreground(make_volume(Box((6, 6, 6), (1, 1, 1))).data), np.array([6.0, 6.0, 6.0])) == "head"
