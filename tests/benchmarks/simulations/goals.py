"""The award's gates: how often a good model passes them, and how often the best of many that are not good does."""

from __future__ import annotations

import numpy as np

from evaluator.statistics.goals import Verdict
from evaluator.statistics.versus_readers import ReadersVerdict, judge_against_readers, judge_finalists
from tests.benchmarks.simulations.coverage import Coverage

GOALS = (0.92, 0.96)
CANCERS, OTHERS = 242, 323
ENTRANTS = 20


def goals(rng: np.random.Generator, replicates: int) -> list[Coverage]:
    """One hospital; a null entrant is exactly at the sensitivity goal and beyond doubt in specificity."""
    judged: dict[tuple[int, int], ReadersVerdict] = {}

    def verdict(found: int, cleared: int) -> ReadersVerdict:
        key = int(found), int(cleared)
        if key not in judged:
            judged[key] = judge_against_readers(
                sensitivity={"A": (key[0], CANCERS)},
                specificity={"A": (key[1], OTHERS)},
                sensitivity_goal=GOALS[0],
                specificity_goal=GOALS[1],
            )
        return judged[key]

    good = zip(rng.binomial(CANCERS, 0.97, replicates), rng.binomial(OTHERS, 0.99, replicates), strict=True)
    passed = sum(verdict(found, cleared).verdict is Verdict.EXCEEDS for found, cleared in good)
    lucky = together = 0
    for found in rng.binomial(CANCERS, GOALS[0], (replicates, ENTRANTS)):
        field = {str(number): verdict(one, OTHERS) for number, one in enumerate(found)}
        if any(one.verdict is Verdict.EXCEEDS for one in field.values()):
            lucky += 1
            together += any(one.verdict is Verdict.EXCEEDS for one in judge_finalists(field).values())
    size = f"{CANCERS} with and {OTHERS} without cancer"
    null = f"the best of {ENTRANTS} that are at the goal of 92 % sensitivity, {size}"
    return [
        Coverage(what=f"97 % and 99 % against 92 % and 96 %, {size}", held=passed, replicates=replicates),
        Coverage(what=f"{null}, each judged alone", held=lucky, replicates=replicates),
        Coverage(what=f"{null}, judged together", held=together, replicates=replicates),
    ]
