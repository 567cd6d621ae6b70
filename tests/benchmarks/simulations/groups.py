"""Whether a planted dependence on the group is found, and how often one is found that is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.ranking.attribute_records import CHANGES
from evaluator.ranking.robustness import robustness
from tests.benchmarks.simulations.coverage import Coverage
from tests.evaluator.ranking.panels import planted

HOSPITALS = 4


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Chance of a right answer by group (rows) and model; ``patients`` of either truth at each hospital."""

    name: str
    chance: Sequence[Sequence[float]]
    patients: int
    share: Sequence[float] = (0.5, 0.5)

    @property
    def turns(self) -> bool:
        return self.chance[0] != self.chance[1]


SAME = [[0.92, 0.88, 0.8]] * 2
TURNED = [[0.92, 0.84, 0.8], [0.84, 0.92, 0.8]]
SITUATIONS = (
    Groups(name="no dependence, 2 groups", chance=SAME, patients=100),
    Groups(name="no dependence, a group of a tenth", chance=SAME, patients=150, share=(0.9, 0.1)),
    Groups(name="two models change places by 8 points", chance=TURNED, patients=100),
    Groups(name="two models change places by 8 points", chance=TURNED, patients=200),
    Groups(name="two models change places by 8 points", chance=TURNED, patients=300),
)


def detect(situation: Groups, *, replicates: int, draws: int, seed: int) -> tuple[Coverage, Coverage]:
    """How often the verdict is "changes", and how often the very reversal is named."""
    changes = named = 0
    for replicate in range(replicates):
        panel = planted(
            situation.chance, seed=seed + replicate, hospitals=HOSPITALS, n=situation.patients, share=situation.share
        )
        found = robustness(panel, ["sex"], replicates=draws, seed=replicate)["sex"]
        changes += found.verdict == CHANGES
        named += any({one.a, one.b} == {"m0", "m1"} for one in found.reversals)
    what = f"{situation.name}, {HOSPITALS} hospitals × {situation.patients} of either truth"
    return (
        Coverage(what=f"verdict “changes”: {what}", held=changes, replicates=replicates),
        Coverage(what=f"reversal named: {what}", held=named, replicates=replicates),
    )
