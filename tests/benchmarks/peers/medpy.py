"""medpy: distance transforms of the whole array, twice for every metric; it has no normalised surface Dice."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from medpy.metric import binary

from tests.benchmarks.case import LESIONS, PANCREAS, CaseFiles
from tests.benchmarks.inputs import Pair, read_pair
from tests.benchmarks.numbers import Numbers, under


def whole_outline(files: CaseFiles, label: int) -> Callable[[], Numbers]:
    pair = read_pair(files).of(label)
    return lambda: _outline(pair)


def cropped_outline(files: CaseFiles, label: int) -> Callable[[], Numbers]:
    """Cutting the masks down is not timed: the comparison that is hardest for us."""
    pair = read_pair(files).of(label).cropped()
    return lambda: _outline(pair)


def whole_case(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    return lambda: _case(read_pair(files), crop=False)


def cropped_case(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    return lambda: _case(read_pair(files), crop=True)


def structures(files: CaseFiles, _: int) -> Callable[[], Numbers]:
    """Every label of a label map."""
    pair = read_pair(files)

    def run() -> Numbers:
        numbers: dict[str, float | None] = {}
        for label, cut in pair.structures():
            numbers |= under(str(label), _outline(cut))
        return numbers

    return run


def _case(pair: Pair, *, crop: bool) -> Numbers:
    """Both structures only: medpy knows no lesions, no matches and no diameters."""
    numbers: dict[str, float | None] = {}
    for label, name in ((PANCREAS, "pancreas"), (LESIONS, "lesions")):
        masks = pair.of(label)
        numbers |= under(name, _outline(masks.cropped() if crop else masks))
    return numbers


def _outline(pair: Pair) -> Numbers:
    found = {
        "dice": binary.dc(pair.prediction, pair.reference),
        "hd95_pooled": binary.hd95(pair.prediction, pair.reference, voxelspacing=pair.spacing),
        "assd_pooled": binary.assd(pair.prediction, pair.reference, voxelspacing=pair.spacing),
    }
    return {name: float(np.asarray(value)) for name, value in found.items()}
