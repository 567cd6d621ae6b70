"""A model's rates at hospitals in general, from the counts of its report."""

from __future__ import annotations

from collections.abc import Mapping

from evaluator.records import Rate
from evaluator.statistics.pooled import HospitalCounts, PooledRate
from evaluator.statistics.pooling import pool
from leaderboard.dashboards import formatting
from leaderboard.dashboards.formatting import Shown
from leaderboard.dashboards.selectors.columns import Block


def pooled_rates(hospitals: Mapping[str, Block]) -> dict[str, PooledRate]:
    """Sensitivity and specificity by name; empty where a hospital's counts are hidden, for pooling would tell them."""
    counts = []
    for name, block in hospitals.items():
        found, cleared = block["sensitivity"]["all"], block["specificity"]
        if None in (found["k"], found["n"], cleared["k"], cleared["n"]):
            return {}
        counts.append(
            HospitalCounts(
                hospital=name,
                positives=found["n"],
                detected=found["k"],
                negatives=cleared["n"],
                false_positives=cleared["n"] - cleared["k"],
            )
        )
    pooled = pool(counts, second_opinion=False)
    return {"sensitivity": pooled.sensitivity, "specificity": pooled.specificity}


def as_lines(rate: PooledRate) -> list[tuple[str, Shown]]:
    """What a forest plot shows under its hospitals: a typical hospital, and the one to come."""
    if rate.value is None:
        return []
    lines = [("A typical hospital", _shown(rate, rate.low, rate.high))]
    if rate.prediction is not None:
        lines.append(("A new hospital (prediction)", _shown(rate, *rate.prediction)))
    return lines


def _shown(rate: PooledRate, low: float | None, high: float | None) -> Shown:
    record = Rate(value=rate.value, low=low, high=high, k=None, n=None, method=rate.method)
    return formatting.rate(vars(record), counts=f"{rate.hospitals} hospitals")
