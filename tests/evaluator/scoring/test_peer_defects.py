"""Defects that other scorers were found to have, and that this one must not have.

Found on panoptica 2.1.7, MONAI 1.6.1 and picai_eval 1.4.13; the greedy matching of MetricsReloaded is in test_matching.
"""

from __future__ import annotations

import numpy as np
import pytest

from evaluator.errors import VolumeRefused
from evaluator.scoring import score_case
from tests.phantoms import Box, make_grid, make_prediction, make_volume

WIDE = make_grid((80, 24, 24))


def test_spacing_counts_in_the_distances_of_the_whole_mask_too() -> None:
    # panoptica: global HD95 3.0 and ASSD unchanged when the first axis' spacing becomes 5.
    near, far = (
        score_case(
            make_volume(Box((5, 5, 5), (5, 5, 5)), grid=grid),
            make_prediction(Box((8, 5, 5), (5, 5, 5)), grid=grid),
        ).structures["lesions"]
        for grid in (make_grid((24, 24, 24)), make_grid((24, 24, 24), spacing=(5.0, 1.0, 1.0)))
    )
    assert (near.hd95_pooled, far.hd95_pooled) == (3.0, 15.0)
    assert near.assd_pooled is not None
    assert far.assd_pooled is not None
    assert far.assd_pooled > near.assd_pooled


def test_distances_do_not_get_better_as_lesions_are_missed() -> None:
    # MONAI, averaging structures: 2.33, 1.5, 1.0 and 0.0 mm as none, the worst, two and all are missed.
    lesions = [Box((4 + 24 * at, 4, 4), (4, 4, 4), at + 1) for at in range(3)]
    findings = [Box((4 + 24 * at + shift, 4, 4), (4, 4, 4), at + 1) for at, shift in enumerate((1, 2, 4))]
    found = [score_case(make_volume(*lesions, grid=WIDE), make_prediction(*findings[:n], grid=WIDE)) for n in (3, 2, 1)]
    distances = [score.structures["lesions"].hd95_pooled for score in found]
    assert all(distance is not None for distance in distances)
    assert distances == sorted(distances, key=lambda distance: distance or 0.0)
    for score, hits in zip(found, (3, 2, 1), strict=True):
        assert (len(score.lesions), sum(lesion.hit for lesion in score.lesions)) == (3, hits)
    nothing = score_case(make_volume(*lesions, grid=WIDE), make_prediction(grid=WIDE))
    assert (nothing.structures["lesions"].hd95_pooled, nothing.structures["lesions"].dice) == (None, 0.0)
    assert [lesion.hit for lesion in nothing.lesions] == [False, False, False]


def test_a_voxel_that_is_no_number_refuses_the_map_wherever_it_lies() -> None:
    # picai_eval: a finding of confidence NaN, and a patient's likelihood of NaN.
    lesion = Box((4, 4, 4), (3, 3, 3))
    with pytest.raises(VolumeRefused, match="NaN"):
        score_case(
            make_volume(lesion),
            make_prediction(Box((4, 4, 4), (3, 3, 3), 0.9), Box((20, 20, 10), (1, 1, 1), np.nan), dtype=np.float32),
        )
