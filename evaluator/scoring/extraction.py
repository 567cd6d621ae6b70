"""How findings are cut out of a detection map: named ways, each giving objects and how confident they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evaluator.errors import UsageError
from evaluator.records import Volume
from evaluator.scoring.objects import Objects, components
from evaluator.scoring.picai_extraction import dynamic, dynamic_fast, static
from evaluator.scoring.runs import CONNECTIVITIES, Connectivity
from evaluator.scoring.voxels import foreground, values_at

DEFAULT_EXTRACTION = "threshold"
EXTRACTIONS = ("threshold", "threshold>T", "picai-dynamic", "picai-dynamic-v2", "picai-dynamic-fast", "picai-static>=T")

MAP_THRESHOLD = 0.1
"""A voxel of a detection map above this belongs to a finding, where no other way was asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Extracted:
    """Findings of a detection map; ``confidences`` has shape (objects,)."""

    objects: Objects
    confidences: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Extraction:
    """A named way to cut a detection map, and how voxels connect: by 26, by 18, or by 6 neighbours."""

    name: str
    connectivity: Connectivity
    cut: Callable[[Volume], Objects]

    def extract(self, volume: Volume) -> Extracted:
        """The findings of a map of floats from 0 to 1; the confidence of each is the largest value in it."""
        objects = self.cut(volume)
        confidences = np.zeros(len(objects.ids))
        np.maximum.at(confidences, objects.owner, values_at(objects.flat, volume))
        return Extracted(objects=objects, confidences=confidences)


def get_extraction(name: str = DEFAULT_EXTRACTION, *, connectivity: int = 26) -> Extraction:
    """The extraction of a name.

    ``threshold``: connected components above 0.1; ``threshold>T``: above T. The others are those of picai_eval; see
    `picai_extraction`.

    Raises
    ------
    UsageError
        No extraction has this name, or voxels do not connect in this way.
    """
    known = get_connectivity(connectivity)
    if name.startswith("picai-") and known != 26:
        raise UsageError(
            f"The extraction {name} has no connectivity {connectivity}.",
            why="It is defined by picai_eval, where voxels connect by 26 neighbours.",
            next_step="Leave --connectivity out, or take another extraction.",
        )
    whole: dict[str, Callable[[Volume], Objects]] = {
        "threshold": lambda volume: _above(volume, MAP_THRESHOLD, known),
        "picai-dynamic": dynamic,
        "picai-dynamic-v2": lambda volume: dynamic(volume, past_small=True),
        "picai-dynamic-fast": dynamic_fast,
    }
    if name in whole:
        return Extraction(name=name, connectivity=known, cut=whole[name])
    parts = re.fullmatch(r"(threshold>|picai-static>=)([01](?:\.\d{1,6})?)", name)
    if parts and parts[1] == "threshold>" and (above := float(parts[2])) < 1:
        return Extraction(name=name, connectivity=known, cut=lambda volume: _above(volume, above, known))
    if parts and parts[1] == "picai-static>=" and 0 < (least := float(parts[2])) <= 1:
        return Extraction(name=name, connectivity=known, cut=lambda volume: static(volume, least))
    raise UsageError(
        f"There is no extraction {name!r}.",
        why=f"They are {', '.join(EXTRACTIONS)}; T from 0 to 1, to six decimals.",
        next_step=f"Choose one, or leave it out for {DEFAULT_EXTRACTION}.",
    )


def get_connectivity(number: int) -> Connectivity:
    """The connectivity of a number of neighbours. Raises UsageError where there is none."""
    for known in CONNECTIVITIES:
        if known == number:
            return known
    raise UsageError(
        f"Voxels do not connect by {number} neighbours.",
        why="They connect by faces (6), by edges too (18), or by corners too (26).",
        next_step="Choose 6, 18 or 26.",
    )


def _above(volume: Volume, threshold: float, connectivity: Connectivity) -> Objects:
    return components(foreground(volume.data > threshold), volume.grid, connectivity=connectivity)
