"""A report block without its strata: what a benchmark may keep for its final."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from evaluator.records import Rate
from evaluator.statistics.block import Block
from evaluator.statistics.disclosure import blank
from evaluator.statistics.intervals import ClusteredRate

ALL = "all"
WITHHELD = "hidden: shown at the final"

Shown = TypeVar("Shown", Rate, ClusteredRate)


def without_strata(block: Block) -> Block:
    """The same block, of strata nothing: no size, location, lead time, phase, scanner, sex, age or race.

    Parameters
    ----------
    block : Block
        Of a hospital or of all together.

    Returns
    -------
    Block
        What was counted in a stratum is None, with the reason as its method; tables by group are empty.
    """
    return replace(
        block,
        sensitivity=_only_all(block.sensitivity),
        localised_sensitivity=_only_all(block.localised_sensitivity),
        t_sen=_only_all(block.t_sen),
        by_location={},
        lead_time={},
        by_attribute={},
        by_location_and_size={},
        time_before_diagnosis=None,
    )


def _only_all(rates: Mapping[str, Shown]) -> dict[str, Shown]:
    return {name: rate if name == ALL else blank(rate, why=WITHHELD) for name, rate in rates.items()}
